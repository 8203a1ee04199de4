"""When an extraction stops instead of continuing from a position that says nothing of the table, and the way on."""

from datetime import UTC, datetime, timedelta

import dataframely as dy
import pytest

from jobs.extract_from_sql.boundary import MAXIMUM_ROWS
from lake.watermark.watermarks import Position, Range, Watermarks
from processing.readers.records import DELETED
from processing.running.job_run import JobFailedError
from tests.support.sql import COLUMNS, at, dataset, only_rows

pytestmark = [pytest.mark.emulator, pytest.mark.xdist_group("sql")]

OF_ITEMS = ("--dataset", "items")
WHOLE_TABLE = (*OF_ITEMS, "--whole-table")
ACCEPT_EMPTY = (*OF_ITEMS, "--accept-empty")


class Ticks(dy.Schema):
    id = dy.Int64(primary_key=True)


def days_from_now(days: float) -> str:
    return f"'{datetime.now(UTC) + timedelta(days=days):%Y-%m-%d %H:%M:%S}'"


def position(stack) -> Position:
    return Watermarks(stack.dynamodb, stack.table).position("items")


def keys(stack, logged) -> list[object]:
    return [row[0] for row in only_rows(stack, logged)]


@pytest.mark.parametrize(
    ("kind", "ahead", "sound"),
    [
        ("datetime2(7)", "'9999-12-31 23:59:59.9999999'", "'2021-11-22 10:00:00'"),
        pytest.param("datetime2(0)", "'2206-01-01 10:00:00'", "'2021-11-22 10:00:00'", marks=pytest.mark.long),
        pytest.param("datetime", "'2206-01-01T10:00:00'", "'2021-11-22T10:00:00'", marks=pytest.mark.long),
        pytest.param("smalldatetime", "'2079-06-06T10:00:00'", "'2021-11-22T10:00:00'", marks=pytest.mark.long),
        pytest.param("date", "'2206-01-01'", "'2021-11-22'", marks=pytest.mark.long),
    ],
)
def test_a_watermark_ahead_of_the_clock_stops_no_other_row(sql_server, sql_stack, extract, kind, ahead, sound):
    # given one poisoned row
    class Moments(dy.Schema):
        id = dy.Int64(primary_key=True)
        moment = dy.String()

    table = sql_server.create_table(f"id int not null primary key, moment {kind}")
    declared = dataset(table, schema=Moments, watermark="moment")
    sql_server.insert(table, f"(1, {sound}), (2, {ahead})")

    # when it is extracted, and once more after another row
    message = rf"1 rows of table dbo\.{table} have a 'moment' more than a day ahead .* up to {ahead[1:5]}.*--from"
    for row in (3, 4):
        with pytest.raises(JobFailedError, match=message):
            extract(declared)
        sql_server.insert(table, f"({row}, {sound})")
    with pytest.raises(JobFailedError, match=message):
        extract(declared)

    # then every sound row arrived, once
    found = [row for key in sql_stack.keys("items") for row in sql_stack.read(key)["id"]]
    assert sorted(found) == [1, 3, 4]

    # and the table goes on once the row is corrected
    sql_server.update(table, f"moment = {sound}", "id = 2")
    assert keys(sql_stack, extract(declared)) == [2]


@pytest.mark.long
def test_a_row_less_than_a_day_ahead_waits_for_the_clock(sql_server, sql_stack, extract):
    # given a source whose clock is ahead, or in another time zone
    table = sql_server.create_table(COLUMNS)
    sql_server.insert(table, f"(1, N'a', {days_from_now(0.5)})")

    # when
    (none_yet,) = extract(dataset(table))
    sql_server.insert(table, f"(2, N'b', {days_from_now(-0.001)})")
    (line,) = extract(dataset(table, lag=timedelta(minutes=10)))

    # then
    assert none_yet["rows"] == 0
    assert keys(sql_stack, [line]) == [2]


@pytest.mark.long
def test_a_watermark_that_is_ahead_already_stops_with_the_way_out(sql_server, sql_stack, extract):
    # given a position that an earlier release left
    table = sql_server.create_table(COLUMNS)
    sql_server.insert(table, f"(1, N'a', {at('10:00')})")
    extract(dataset(table))
    watermarks = Watermarks(sql_stack.dynamodb, sql_stack.table)
    claim = watermarks.claim("items", lambda before: Range(before.watermark, "9999-12-31 23:59:59.9999999"))
    before = position(sql_stack)
    watermarks.complete(
        claim, rows=0, has_object=False, columns=before.columns or "", boundary=None, source=before.source or ""
    )

    # when, then
    with pytest.raises(JobFailedError, match=r"ended at 'at' 9999-12-31 .* ahead of the server's clock.*--whole-table"):
        extract(dataset(table))
    assert keys(sql_stack, extract(dataset(table), arguments=WHOLE_TABLE)) == [1]
    assert position(sql_stack).watermark == "2021-11-22 10:00:00.0000000"


@pytest.mark.parametrize(
    ("kind", "high", "low"),
    [
        ("int", "100", "50"),
        pytest.param("bigint", "9007199254740993", "9007199254740992", marks=pytest.mark.long),
        pytest.param("datetime2(7)", "'2021-11-22 12:00'", "'2021-11-22 11:59:59.9999999'", marks=pytest.mark.long),
        pytest.param("datetime", "'2021-11-22T12:00:00.007'", "'2021-11-22T12:00:00.003'", marks=pytest.mark.long),
        pytest.param("date", "'2021-11-22'", "'2021-11-21'", marks=pytest.mark.long),
    ],
)
def test_a_table_below_its_watermark_stops_until_it_is_read_whole(sql_server, sql_stack, extract, kind, high, low):
    # given a table that started over, or was restored from a backup
    table = sql_server.create_table(f"id int not null primary key, tick {kind}")
    declared = dataset(table, schema=Ticks, watermark="tick")
    sql_server.insert(table, f"(1, {low}), (2, {high})")
    extract(declared)
    sql_server.delete(table, "id = 2")

    # when, then
    message = rf"greatest 'tick' of table dbo\.{table} is .*started over, was restored .*--whole-table"
    for _ in range(2):
        with pytest.raises(JobFailedError, match=message):
            extract(declared)

    # and when its person says so, it is extracted whole and goes on from there
    sql_server.insert(table, f"(3, {low})")
    assert keys(sql_stack, extract(declared, arguments=WHOLE_TABLE)) == [1, 3]
    assert extract(declared)[0]["rows"] == 0
    sql_server.insert(table, f"(4, {high})")
    assert keys(sql_stack, extract(declared)) == [4]


@pytest.mark.long
def test_a_table_that_fell_within_its_lag_goes_on(sql_server, sql_stack, extract):
    # given
    table = sql_server.create_table(COLUMNS)
    declared = dataset(table, lag=timedelta(minutes=10))
    sql_server.insert(table, f"(1, N'a', {at('11:50')}), (2, N'b', {at('12:00')})")
    extract(declared)
    sql_server.delete(table, "id = 2")
    sql_server.insert(table, f"(3, N'c', {at('11:55')})")

    # when, then
    assert keys(sql_stack, extract(declared)) == [3]


@pytest.mark.parametrize("later", [50, pytest.param(150, marks=pytest.mark.long)])
def test_an_emptied_table_stops_until_that_is_accepted(sql_server, sql_stack, extract, later):
    # given
    table = sql_server.create_table("id int not null primary key, tick int")
    declared = dataset(table, schema=Ticks, watermark="tick")
    sql_server.insert(table, "(1, 100)")
    extract(declared)
    sql_server.delete(table, "id = 1")

    # when, then
    with pytest.raises(JobFailedError, match=rf"table dbo\.{table} no longer has a row with a 'tick'.*--accept-empty"):
        extract(declared)
    assert extract(declared, arguments=ACCEPT_EMPTY)[0]["rows"] == 0
    assert extract(declared)[0]["rows"] == 0

    # and what comes later arrives, whether its numbers start over or not
    sql_server.insert(table, f"(2, {later})")
    assert keys(sql_stack, extract(declared)) == [2]


@pytest.mark.parametrize(("mode", "deleted"), [("snapshot", [1, 2]), pytest.param("full", [], marks=pytest.mark.long)])
def test_an_emptied_whole_table_stops_until_that_is_accepted(sql_server, sql_stack, extract, mode, deleted):
    # given
    table = sql_server.create_table(COLUMNS)
    declared = dataset(table, mode=mode, watermark=None)
    assert extract(declared)[0]["rows"] == 0
    sql_server.insert(table, "(1, N'a', null), (2, N'b', null)")
    extract(declared)
    sql_server.delete(table, "id > 0")

    # when, then
    for _ in range(2):
        with pytest.raises(JobFailedError, match=rf"table dbo\.{table} is empty, .*--accept-empty"):
            extract(declared)
    (line,) = extract(declared, arguments=ACCEPT_EMPTY)
    (resumed,) = line["resumed"]
    assert resumed.get("rows_deleted", 0) == len(deleted)
    if deleted:
        assert sorted(sql_stack.read(str(resumed["object"])).filter(DELETED)["id"]) == deleted
    assert extract(declared)[0]["rows"] == 0


@pytest.mark.parametrize(
    "change",
    [
        {"table": True},
        pytest.param({"watermark": "noted"}, marks=pytest.mark.long),
        pytest.param({"mode": "snapshot", "watermark": None}, marks=pytest.mark.long),
    ],
)
def test_a_changed_declaration_stops_until_the_table_is_read_whole(sql_server, sql_stack, extract, change):
    # given another table, or another column, with older rows
    class Noted(dy.Schema):
        id = dy.Int64(primary_key=True)
        at = dy.Datetime(time_unit="ns")
        noted = dy.Datetime(time_unit="ns")

    one, other = (
        sql_server.create_table("id int not null primary key, at datetime2(7), noted datetime2(7)") for _ in range(2)
    )
    sql_server.insert(one, f"(1, {at('12:00')}, {at('10:00')})")
    sql_server.insert(other, f"(2, {at('11:00')}, {at('10:00')})")
    extract(dataset(one, schema=Noted))
    new = dict(change)
    table = other if new.pop("table", False) else one
    changed = dataset(table, schema=Noted, **new)

    # when, then
    with pytest.raises(JobFailedError, match=r"the source in datasets/items\.py has changed .*--whole-table"):
        extract(changed)
    assert keys(sql_stack, extract(changed, arguments=WHOLE_TABLE)) == [2 if table == other else 1]
    extract(changed)


@pytest.mark.long
def test_an_unfinished_extraction_of_another_table_is_abandoned(sql_server, sql_stack, extract):
    # given one that failed before the declaration changed
    one, other = (sql_server.create_table(COLUMNS) for _ in range(2))
    sql_server.insert(one, f"(1, N'a', {at('12:00')})")
    sql_server.insert(other, f"(2, N'b', {at('11:00')})")
    watermarks = Watermarks(sql_stack.dynamodb, sql_stack.table)
    extract(dataset(one))
    watermarks.fail(watermarks.claim("items", lambda before: Range(before.watermark, before.watermark)), "cut")

    # when
    logged = extract(dataset(other), arguments=WHOLE_TABLE)

    # then
    assert "resumed" not in logged[0]
    assert keys(sql_stack, logged) == [2]


@pytest.mark.long
@pytest.mark.parametrize(
    ("column", "declared"),
    [
        (f"{DELETED} bit", {"watermark": "at"}),
        (f"{DELETED} nvarchar(10)", {"mode": "full", "watermark": None}),
        (f"{DELETED} bit", {"mode": "snapshot", "watermark": None}),
        ("_far_offset_minutes int", {"mode": "full", "watermark": None}),
    ],
)
def test_a_column_named_as_one_of_the_extractions_stops(sql_server, sql_stack, extract, column, declared):
    # given
    table = sql_server.create_table(f"id int not null primary key, at datetime2(7), far datetimeoffset(7), {column}")

    # when, then
    with pytest.raises(
        JobFailedError, match=rf"columns \['{column.split()[0]}'\] of table dbo\.{table} have the names"
    ):
        extract(dataset(table, schema=Ticks, **declared))
    assert sql_stack.keys("items") == []


@pytest.mark.long
@pytest.mark.parametrize(
    ("before", "value", "after", "arguments"),
    [
        ("decimal(8,0)", "7", "decimal(18,0)", ()),
        ("int", "7", "bigint", ()),
        ("nvarchar(20)", "N'7'", "int", ("--accept-columns",)),
        ("int", "7", "nvarchar(20)", ("--accept-columns",)),
    ],
)
def test_a_snapshot_survives_a_retyped_key(sql_server, sql_stack, extract, before, value, after, arguments):
    # given a row that stays and one that will be gone
    class Keyed(dy.Schema):
        code = dy.String(primary_key=True)

    gone = value.replace("7", "8")
    table = sql_server.create_table(f"code {before}, note nvarchar(10)")
    declared = dataset(table, schema=Keyed, mode="snapshot", watermark=None)
    sql_server.insert(table, f"({value}, N'a'), ({gone}, N'b')")
    extract(declared)

    # when
    sql_server.delete(table, f"code = {gone}")
    sql_server.run(f"alter table dbo.{table} alter column code {after}")
    (line,) = extract(declared, arguments=arguments)

    # then
    rows = sql_stack.read(str(line["object"])).sort("code").select("code", "note", DELETED).rows()
    assert [(str(code), note, deleted) for code, note, deleted in rows] == [("7", "a", False), ("8", "b", True)]


@pytest.mark.long
def test_ties_beyond_the_limit_are_extracted_once(sql_server, sql_stack, extract):
    # given more rows of one instant than digests are kept of
    table = sql_server.create_table(COLUMNS)
    sql_server.insert(table, f"(0, N'x', {at('10:00')})")
    rows = 1
    while rows <= MAXIMUM_ROWS:
        sql_server.run(f"insert into dbo.{table} select id + {rows}, note, at from dbo.{table}")  # noqa: S608 - a test's own
        rows *= 2
    assert extract(dataset(table))[0]["rows"] == rows

    # when nothing new came, and then one more of them
    (again,) = extract(dataset(table))
    sql_server.insert(table, f"(-1, N'y', {at('10:00')})")
    (line,) = extract(dataset(table))

    # then
    assert (again["rows"], again["object"]) == (0, None)
    assert -1 in sql_stack.read(str(line["object"]))["id"]
    assert line["rows"] < 20
    assert extract(dataset(table))[0]["rows"] == 0
