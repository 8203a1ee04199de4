"""DuckDB over a published table: the rows that polars reads, and no file or column more than the statement needs."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import dataframely as dy
import duckdb
import polars as pl
import pyarrow as pa
import pytest
from polars.testing import assert_frame_equal

from ops.sql import iceberg_scan
from ops.sql.iceberg_scan import PublishedScan
from processing.publishing.merge import merge
from processing.publishing.reading import published_rows
from processing.publishing.table_files import table_files
from processing.storage.folder_store import FolderStore
from tests.support.published import declared_with, land, published_in

pytestmark = pytest.mark.long
START = datetime(2026, 1, 1, tzinfo=UTC)
BEFORE = declared_with(
    price=dy.Decimal(12, 2, nullable=True),
    ratio=dy.Float64(nullable=True),
    day=dy.Date(nullable=True),
    instant=dy.Datetime(time_unit="us", time_zone="UTC", nullable=True),
    words=dy.List(dy.String(nullable=True), nullable=True),
)
FILES = 2
"""One with the first rows, and one with all that were merged later."""
# `value` was 32 bits wide: its bounds in the older files are too.
AFTER = declared_with(BEFORE, value=dy.Int64(nullable=True), extra=dy.String(nullable=True))


def row_of(number):
    return {
        "number": number,
        "value": number if number % 5 else None,
        "note": f"note {number}" if number % 7 else None,
        "price": Decimal(number) / 4 if number % 3 else None,
        "ratio": (float("nan"), None, float("-inf"), number / 8)[number % 4],
        "day": date(2026, 1, 1) + timedelta(days=number),
        "instant": START + timedelta(hours=number) if number % 2 else None,
        "words": [f"{number}", None] if number % 2 else None,
    }


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """A table of several files: rows of the first were replaced and deleted, later ones have more columns."""
    folder = tmp_path_factory.mktemp("lake")
    (folder / "store").mkdir()
    store = FolderStore(folder / "store")
    before, after = published_in(folder, BEFORE), published_in(folder, AFTER)
    merge(before, store, [land(store, BEFORE, "a", [row_of(number) for number in range(60)])])
    replaced = [row_of(number) | {"note": "replaced"} for number in range(5, 9)]
    merge(before, store, [land(store, BEFORE, "b", replaced, as_of=1, deleted=[1])])
    later = [row_of(number) | {"value": 2**40, "extra": "x" if number % 2 else None} for number in range(100, 140)]
    merge(after, store, [land(store, AFTER, "c", later, as_of=2)])
    loaded = after.load(after.live)
    assert len(table_files(loaded)) == FILES
    assert any(each.dead for each in table_files(loaded))
    return loaded


@pytest.fixture
def scan(table):
    return PublishedScan(table)


@pytest.fixture
def query(table, scan):
    """Runs SQL on the table `lake`, and on all of its rows in memory as the table `memory`."""
    whole = pa.Table.from_batches(table.scan().to_arrow_batch_reader())
    with duckdb.connect(config={"python_enable_replacements": False}) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.register("lake", scan)
        connection.register("memory", whole)
        yield lambda sql: connection.execute(sql).fetchall()


CONDITIONS = [
    "true",
    "number = 7",
    "number IN (3, 120)",
    "number BETWEEN 55 AND 101",
    "number > 1000",
    "value > 1000",
    "value IS NULL",
    "value IS NOT NULL AND number < 20",
    "note = 'replaced'",
    "note >= 'note 9'",
    "note LIKE 'note 1%'",
    "note IN ('note 3', 'replaced')",
    "NOT (note = 'replaced')",
    "price = 2.5",
    "price < 1",
    "ratio = 'nan'",
    "ratio > 1",
    "ratio < 0",
    "day = DATE '2026-01-20'",
    "instant >= TIMESTAMPTZ '2026-01-05 00:00:00+00'",
    "instant IS NULL AND price IS NULL",
    "words IS NULL",
    "words[1] = '3'",
    "extra = 'x'",
    "extra IS NULL",
    "extra = 'x' OR number = 1",
    "_object LIKE '%c'",
]


@pytest.mark.parametrize("condition", CONDITIONS)
def test_condition_selects_the_rows_that_it_selects_in_memory(query, condition):
    statement = "SELECT number, note, price FROM {} WHERE {} ORDER BY number"
    assert query(statement.format("lake", condition)) == query(statement.format("memory", condition))


def test_every_value_is_that_of_the_table(query):
    for one, other in (("lake", "memory"), ("memory", "lake")):
        assert query(f"SELECT * FROM (FROM {one} EXCEPT ALL FROM {other})") == []  # noqa: S608 - names of this test


def test_table_is_read_once_for_each_time_it_is_named(query):
    statement = "SELECT count(*) FROM {0} a JOIN {0} b USING (number) WHERE a.value > b.number"
    assert query(statement.format("lake")) == query(statement.format("memory"))


@pytest.mark.parametrize(
    ("condition", "read"),
    [("number = 7", FILES), ("number = 2", 1), ("number = 120", 1), ("day > DATE '2027-01-01'", 0)],
)
def test_file_whose_bounds_exclude_the_rows_is_not_read(query, scan, condition, read):
    query(f"SELECT note FROM lake WHERE {condition}")  # noqa: S608 - conditions of this test
    assert (scan.files_read, len(scan.tasks)) == (read, FILES)


def test_only_named_columns_are_read(query, monkeypatch):
    # given what pyiceberg is asked for
    asked = []
    made = iceberg_scan.ArrowScan

    def record(metadata, io, schema, condition):
        asked.append([field.name for field in schema.fields])
        return made(metadata, io, schema, condition)

    monkeypatch.setattr(iceberg_scan, "ArrowScan", record)

    # when
    query("SELECT sum(value) FROM lake WHERE price > 1")
    query("SELECT count(*) FROM lake")

    # then
    assert sorted(asked[0]) == ["price", "value"]
    assert len(asked[1]) == 1


def test_large_files_are_read_one_after_the_other(query, scan, monkeypatch):
    # given that no two files are to be in memory at the same time
    monkeypatch.setattr(iceberg_scan, "_AT_ONCE", 1)
    groups = [each.file.file_path for each in scan.tasks]

    # when
    assert [len(each) for each in iceberg_scan._grouped(scan.tasks)] == [1] * len(groups)

    # then
    assert query("SELECT count(*) FROM lake") == query("SELECT count(*) FROM memory")


def test_failure_of_a_file_is_kept_with_its_type(table, tmp_path):
    # given a table one of whose files is gone
    scan = PublishedScan(table)
    scan.tasks[0].file._data[1] = f"file://{tmp_path}/gone.parquet"

    # when
    with duckdb.connect() as connection, pytest.raises(duckdb.Error):
        connection.register("lake", scan).execute("SELECT count(number) FROM lake").fetchall()

    # then
    assert isinstance(scan.failure, FileNotFoundError)


def test_rows_are_those_that_polars_reads(query, table):
    read = published_rows(table, AFTER).select("number", "value", "note", "price").sort("number").collect()
    rows = query("SELECT number, value, note, price FROM lake ORDER BY number")
    assert_frame_equal(pl.DataFrame(rows, schema=read.schema, orient="row"), read)
