"""Independent readers of a published table return polars' rows, for every column of every type."""

import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from bench.environments import ENVIRONMENTS, make_environment
from processing.publishing.columns import published_columns, stored, stored_columns
from processing.publishing.merge import merge
from processing.publishing.table_files import table_files
from processing.storage.folder_store import FolderStore
from tests.support import duckdb_reader, spark_reader
from tests.support.every_type import AFTER, BEFORE, GREATEST, LEAST
from tests.support.iceberg_runtime import iceberg_runtime
from tests.support.published import found, land, published_in, things

# One JVM at a time. The readers' scripts run with `-P`, because a module beside them has a standard module's name.
pytestmark = [pytest.mark.long, pytest.mark.timeout(900), pytest.mark.xdist_group("spark")]


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
