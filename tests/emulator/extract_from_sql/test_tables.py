"""How the extraction handles tables: their names, types, changed columns and deleted rows."""

import json

import dataframely as dy
import polars as pl
import pytest

from processing.readers.parquet_records import as_text
from processing.readers.records import DELETED
from processing.running.job_run import JobFailedError
from tests.support.sql import COLUMNS, at, dataset, only_rows

pytestmark = [pytest.mark.emulator, pytest.mark.xdist_group("sql")]

EVIL = "x]; drop table y--"


def test_a_name_that_looks_like_sql_is_a_name(sql_server, sql_stack, extract):
    # given a table and a column with that name, and the table that the name mentions
    class Evil(dy.Schema):
        id = dy.Int64(primary_key=True)
        evil = dy.Datetime(alias=EVIL, time_unit="ns")

    quoted = "[" + EVIL.replace("]", "]]") + "]"
    sql_server.run("create table dbo.y (id int)")
    sql_server.run(f"create table dbo.{quoted} (id int not null primary key, {quoted} datetime2(7))")
    sql_server.insert(quoted, f"(1, {at('10:00')})")

    # when
    logged = extract(dataset(EVIL, schema=Evil, watermark=EVIL, partition_column="id", partitions=2))

    # then
    assert [row[0] for row in only_rows(sql_stack, logged)] == [1]
    assert sql_server.query("select count(*) from dbo.y") == [(0,)]
    sql_server.run(f"drop table dbo.{quoted}")
    sql_server.run("drop table dbo.y")


def test_names_that_look_like_sql_stay_names(sql_server, sql_stack, extract):
    # given
    class Evil(dy.Schema):
        evil = dy.Int64(alias=EVIL, primary_key=True)

    quoted = "[" + EVIL.replace("]", "]]") + "]"
    sql_server.run("create table dbo.y (id int)")
    table = sql_server.create_table(f"{quoted} int not null primary key")
    sql_server.insert(table, ", ".join(f"({number})" for number in range(10)))
    declared = dataset(table, schema=Evil, mode="snapshot", watermark=None, partition_column=EVIL, partitions=3)
    extract(declared)
    sql_server.delete(table, f"{quoted} = 3")

    # when
    (line,) = extract(declared)

    # then
    rows = sql_stack.read(str(line["object"]))
    assert rows.filter(DELETED)[EVIL].to_list() == [3]
    assert sorted(rows.filter(~pl.col(DELETED))[EVIL]) == [0, 1, 2, 4, 5, 6, 7, 8, 9]
    assert sql_server.query("select count(*) from dbo.y") == [(0,)]
    sql_server.run("drop table dbo.y")


def test_names_are_compared_exactly(sql_server, extract):
    # given
    table = sql_server.create_table(COLUMNS)

    # when, then
    with pytest.raises(JobFailedError, match=rf"the table dbo\.{table.upper()} does not exist"):
        extract(dataset(table.upper()))


ALL_TYPES = """id int not null primary key, flag bit, tiny tinyint, small smallint, big bigint, exact decimal(38,10),
 cash money, coin smallmoney, single real, twice float, day date, clock time(7), old datetime, older smalldatetime,
 coarse datetime2(3), fine datetime2(7), far datetimeoffset(7), guid uniqueidentifier, raw varbinary(8),
 blob varbinary(max), code char(4), text varchar(20), wide nvarchar(20), long nvarchar(max)"""
ALL_VALUES = """(1, 1, 255, -32768, 9223372036854775807, 1234567890123456789012345678.0123456789,
 922337203685477.5807, -214748.3648, 0.5, 0.1, '0001-01-01', '23:59:59.9999999', '2021-11-22T10:00:00.003',
 '2021-11-22T10:01:00', '2021-11-22 10:00:00.123', '1969-12-31 23:59:59.9999999', '2021-11-22 10:00:00.1234567 -08:00',
 '0E984725-C51C-4BF4-9960-E1C80E27ABA0', 0x00FF10, 0x01, 'ab', 'caf', N'€ ü 😀', N'long')"""
AS_TEXT = {
    "id": "1",
    "flag": "true",
    "tiny": "255",
    "small": "-32768",
    "big": "9223372036854775807",
    "exact": "1234567890123456789012345678.0123456789",
    "cash": "922337203685477.5807",
    "coin": "-214748.3648",
    "single": "0.5",
    "twice": "0.1",
    "day": "0001-01-01",
    "clock": "23:59:59.999999900",
    "old": "2021-11-22 10:00:00.003000",
    "older": "2021-11-22 10:01:00.000000",
    "coarse": "2021-11-22 10:00:00.123000",
    "fine": "1969-12-31 23:59:59.999999900",
    "far": "2021-11-22T18:00:00.123456700Z",
    "_far_offset_minutes": "-480",
    "guid": "0E984725-C51C-4BF4-9960-E1C80E27ABA0",
    "raw": "0x00ff10",
    "blob": "0x01",
    "code": "ab  ",
    "text": "caf",
    "wide": "€ ü 😀",
    "long": "long",
}


class Ids(dy.Schema):
    id = dy.Int64(primary_key=True)


def test_every_type_is_mapped_exactly_and_null_is_null(sql_server, sql_stack, extract):
    # given
    table = sql_server.create_table(ALL_TYPES)
    sql_server.insert(table, ALL_VALUES)
    sql_server.insert(f"{table} (id)", "(2)")

    # when
    (line,) = extract(dataset(table, schema=Ids, mode="full", watermark=None))

    # then
    rows = sql_stack.read(str(line["object"])).sort("id")
    texts = rows.select(as_text(name, kind) for name, kind in rows.schema.items())
    first, second = texts.rows(named=True)
    assert first == AS_TEXT
    assert rows.schema["far"] == pl.Datetime("ns", "UTC")
    assert rows.schema["exact"] == pl.Decimal(38, 10)
    assert {value for name, value in second.items() if name != "id"} == {None}


def test_a_type_that_is_not_mapped_stops_its_table_and_no_other(sql_server, sql_stack, extract):
    # given
    wrong = sql_server.create_table("id int not null primary key, form xml")
    right = sql_server.create_table(COLUMNS)
    sql_server.insert(right, f"(1, N'a', {at('10:00')})")

    # when
    with pytest.raises(JobFailedError, match=rf"column 'form' of table dbo\.{wrong} has the type xml"):
        extract(dataset(wrong, schema=Ids, mode="full", watermark=None), dataset(right, "others"))

    # then
    assert (len(sql_stack.keys("items")), len(sql_stack.keys("others"))) == (0, 1)


def test_a_new_column_is_carried_and_reported(sql_server, sql_stack, extract):
    # given
    table = sql_server.create_table(COLUMNS)
    sql_server.insert(table, f"(1, N'a', {at('10:00')})")
    extract(dataset(table))

    # when
    sql_server.run(f"alter table dbo.{table} add size nvarchar(10)")
    sql_server.insert(table, f"(2, N'b', {at('11:00')}, N'small')")
    (line,) = extract(dataset(table))

    # then
    assert line["new_columns"] == ["size"]
    rows = sql_stack.read(str(line["object"]))
    assert rows.filter(pl.col("id") == 2)["size"].to_list() == ["small"]
    assert json.loads(sql_stack.metadata(str(line["object"]))["new-columns"]) == ["size"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("drop column spare", r"column 'spare' of table dbo\.{table}, which was nvarchar\(40\), no longer exists"),
        ("alter column spare nvarchar(10)", r"column 'spare' of table dbo\.{table} was narrowed .* to nvarchar\(10\)"),
        ("drop column note", r"table dbo\.{table} does not have a column 'note'"),
        (
            "alter column at nvarchar(40)",
            r"'at' of table dbo\.{table} has the type nvarchar\(40\), .* declares Datetime",
        ),
    ],
)
def test_missing_narrowed_or_retyped_column_stops_its_table(sql_server, sql_stack, extract, change, message):
    # given
    changed = sql_server.create_table(f"{COLUMNS}, spare nvarchar(40)")
    other = sql_server.create_table(COLUMNS)
    extract(dataset(changed))
    sql_server.run(f"alter table dbo.{changed} {change}")
    sql_server.insert(other, f"(1, N'a', {at('10:00')})")

    # when
    with pytest.raises(JobFailedError, match=message.format(table=changed)):
        extract(dataset(changed), dataset(other, "others"))

    # then
    assert (len(sql_stack.keys("items")), len(sql_stack.keys("others"))) == (0, 1)


def test_retyped_column_stops_its_table_until_accepted(sql_server, extract):
    # given
    table = sql_server.create_table(COLUMNS)
    sql_server.insert(table, f"(1, N'a', {at('10:00')})")
    extract(dataset(table))
    sql_server.run(f"alter table dbo.{table} alter column note nvarchar(20)")

    # when, then
    with pytest.raises(
        JobFailedError, match=r"'note' .* was narrowed or retyped from nvarchar\(40\) to nvarchar\(20\)"
    ):
        extract(dataset(table))
    sql_server.insert(table, f"(2, N'b', {at('11:00')})")
    assert extract(dataset(table), arguments=("--accept-columns",))[0]["rows"] == 1
    assert extract(dataset(table))[0]["rows"] == 0


def test_a_full_table_comes_whole_with_every_run(sql_server, sql_stack, extract):
    # given
    table = sql_server.create_table(COLUMNS)
    declared = dataset(table, mode="full", watermark=None)
    sql_server.insert(table, "(1, N'a', null), (2, N'b', null)")
    extract(declared)

    # when
    sql_server.insert(table, "(3, N'c', null)")
    logged = extract(declared)

    # then
    assert [row[0] for row in only_rows(sql_stack, logged)] == [1, 2, 3]


def test_a_snapshot_records_the_rows_that_are_gone(sql_server, sql_stack, extract):
    # given
    table = sql_server.create_table(COLUMNS)
    declared = dataset(table, mode="snapshot", watermark=None)
    sql_server.insert(table, "(1, N'a', null), (2, N'b', null)")
    extract(declared)

    # when
    sql_server.delete(table, "id = 1")
    sql_server.update(table, "note = N'bb'", "id = 2")
    second = extract(declared)
    third = extract(declared)

    # then
    assert only_rows(sql_stack, second) == [(1, "a", None, True), (2, "bb", None, False)]
    assert second[0]["rows_deleted"] == 1
    assert only_rows(sql_stack, third) == [(2, "bb", None, False)]


def test_a_table_read_by_several_ranges_has_every_row_once(sql_server, sql_stack, extract):
    # given
    table = sql_server.create_table("id int not null primary key, part int, note nvarchar(40), at datetime2(7)")
    rows = ", ".join(f"({key}, {'null' if key % 10 == 0 else key * 3}, N'x', {at('10:00')})" for key in range(100))
    sql_server.insert(table, rows)

    # when
    logged = extract(dataset(table, partition_column="part", partitions=4))

    # then
    assert [row[0] for row in only_rows(sql_stack, logged)] == list(range(100))
