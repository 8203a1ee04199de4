"""Independent readers of a published table return polars' rows, for every column of every type."""

import subprocess
import sys
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import dataframely as dy
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from bench.environments import ENVIRONMENTS, make_environment
from processing.publishing.columns import published_columns, stored, stored_columns
from processing.publishing.merge import merge
from processing.publishing.table_files import table_files
from processing.storage.folder_store import FolderStore
from tests.support import duckdb_reader, spark_reader
from tests.support.iceberg_runtime import iceberg_runtime
from tests.support.published import declared_with, found, land, published_in, things

# One JVM at a time. The readers' scripts run with `-P`, because a module beside them has a standard module's name.
pytestmark = [pytest.mark.long, pytest.mark.timeout(900), pytest.mark.xdist_group("spark")]
BEFORE = declared_with(
    tiny=dy.Int8(nullable=True),
    small=dy.Int16(nullable=True),
    octet=dy.UInt8(nullable=True),
    pair=dy.UInt16(nullable=True),
    quad=dy.UInt32(nullable=True),
    large=dy.Int64(nullable=True),
    ratio=dy.Float32(nullable=True),
    exact=dy.Float64(nullable=True),
    yes=dy.Bool(nullable=True),
    raw=dy.Binary(nullable=True),
    day=dy.Date(nullable=True),
    local=dy.Datetime(time_unit="us", nullable=True),
    instant=dy.Datetime(time_unit="ms", time_zone="Europe/Berlin", nullable=True),
    precise=dy.Datetime(time_unit="ns", nullable=True),
    price=dy.Decimal(18, 2, nullable=True),
    words=dy.List(dy.String(nullable=True), nullable=True),
    numbers=dy.List(dy.Int16(nullable=True), nullable=True),
)
AFTER = declared_with(
    BEFORE,
    value=dy.Int64(nullable=True),
    ratio=dy.Float64(nullable=True),
    extra=dy.String(nullable=True),
)
LEAST = {
    "tiny": -(2**7),
    "small": -(2**15),
    "octet": 0,
    "pair": 0,
    "quad": 0,
    "large": -(2**63),
    "ratio": -0.5,
    "exact": float("-inf"),
    "yes": False,
    "raw": b"",
    "day": date(1, 1, 1),
    # The last day of the Julian calendar, in today's calendar.
    "local": datetime(1582, 10, 4, 23, 59, 59, 999_999),  # noqa: DTZ001 - local
    "instant": datetime(1582, 10, 4, 12, tzinfo=UTC),
    "precise": datetime(1969, 12, 31, 23, 59, 59, 999_999),  # noqa: DTZ001 - local
    "price": Decimal("-9999999999999999.99"),
    "words": [],
    "numbers": [None],
}
GREATEST = {
    "tiny": 2**7 - 1,
    "small": 2**15 - 1,
    "octet": 2**8 - 1,
    "pair": 2**16 - 1,
    "quad": 2**32 - 1,
    "large": 2**63 - 1,
    "ratio": 0.25,
    "exact": float("nan"),
    "yes": True,
    "raw": bytes(range(256)),
    "day": date(9999, 12, 31),
    "local": datetime(9999, 12, 31, 23, 59, 59, 999_999),  # noqa: DTZ001 - local
    "instant": datetime(9999, 12, 31, 12, tzinfo=UTC),
    "precise": datetime(2261, 12, 31, 23, 59, 59, 999_999),  # noqa: DTZ001 - local
    "price": Decimal("9999999999999999.99"),
    "words": ["a", None, "ä€𝄞"],
    "numbers": [-1, 0, 2**15 - 1],
}


@pytest.fixture
def store(tmp_path):
    (tmp_path / "lake").mkdir()
    return FolderStore(tmp_path / "lake")


@pytest.fixture
def published(store, tmp_path):
    """A table with position deletes, an added column, two widened ones, and missing values in every column."""
    before = published_in(tmp_path, BEFORE)
    merge(before, store, [land(store, BEFORE, "a", [row | LEAST for row in things(*range(100))])])
    for number in range(3):
        rows = [row | GREATEST for row in things(*range(6), start=10 * number)] + things(7, start=10 * number + 8)
        merge(before, store, [land(store, BEFORE, f"b{number}", rows, as_of=1 + number, deleted=[3])])
    after = published_in(tmp_path, AFTER)
    rows = [{"number": 50, "value": 2**40, "ratio": 1e300, "extra": "x"}]
    merge(after, store, [land(store, AFTER, "c", rows, as_of=9)])
    assert any(file.dead for file in table_files(after.load(after.live)))
    return after


def assert_same_rows(published, read: pl.DataFrame) -> None:
    """Check that rows equal, as stored, those that polars reads from the table."""
    columns = published_columns(published.dataset)
    wanted = stored(found(published), columns)
    assert_frame_equal(read.select(wanted.columns).cast(dict(wanted.schema)).sort("number"), wanted.sort("number"))


def metadata_of(published) -> str:
    return published.load(published.live).metadata_location


def test_duckdb_reads_what_polars_reads(published, tmp_path):
    # given the environment of an independent reader
    make_environment("readers")
    out = tmp_path / "rows.parquet"

    # when
    program = [str(ENVIRONMENTS / "readers" / "bin" / "python"), "-P", str(Path(duckdb_reader.__file__))]
    subprocess.run([*program, str(out), metadata_of(published).removeprefix("file://")], check=True)

    # then
    assert_same_rows(published, pl.read_parquet(out))


def by_spark(folder: Path, *sources: str) -> pl.DataFrame:
    """Return what Spark reads."""
    program = [sys.executable, "-P", str(Path(spark_reader.__file__)), str(iceberg_runtime())]
    ran = subprocess.run([*program, str(folder), *sources], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr[-4000:]
    return pl.read_parquet(f"{folder}/*.parquet")


def test_spark_reads_what_polars_reads(published, tmp_path):
    assert_same_rows(published, by_spark(tmp_path / "rows", metadata_of(published)))


@pytest.mark.usefixtures("published")
def test_spark_reads_history_files_as_polars_reads_them(store, tmp_path):
    # given the history files from before the columns changed
    keys = [key for key in store.keys("warehouse/things/") if not key.endswith("/c.parquet")]
    files = [tmp_path / f"{number}.parquet" for number in range(len(keys))]
    for key, file in zip(keys, files, strict=True):
        file.write_bytes(store.read(key))
    written = pl.concat(pl.read_parquet(file) for file in files)

    # when
    read = by_spark(tmp_path / "rows", *map(str, files))

    # then nanoseconds are numbers, and everything else is equal
    wanted = written.with_columns(pl.col("precise").to_physical())
    order = ["number", "_object"]
    assert_frame_equal(read.select(wanted.columns).cast(dict(wanted.schema)).sort(order), wanted.sort(order))


def test_every_type_that_a_table_can_hold_is_read():
    kinds = {type(kind) for kind in stored_columns(published_columns(AFTER)).values()}
    assert kinds == {
        pl.Int32, pl.Int64, pl.Float64, pl.Boolean, pl.String, pl.Binary, pl.Date, pl.Datetime, pl.Decimal, pl.List,
    }  # fmt: skip
