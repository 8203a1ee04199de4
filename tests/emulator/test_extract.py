"""The extraction end to end: from a SQL Server on the wire, under the task's role, into the lake."""

import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import boto3
import dataframely as dy
import polars as pl
import pytest

from jobs.datasets.declaration import Dataset, SqlSource
from jobs.extract_from_sql.job import main
from jobs.job_run import JobFailedError
from jobs.readers.parquet_records import as_text
from lake.watermark import Range, Watermarks
from tests.emulator.emulators import running_emulator
from tests.emulator.sql_fixtures import CONNECTION, SqlStack, new_certificate, running_sql_source

pytestmark = [pytest.mark.emulator, pytest.mark.xdist_group("sql")]

ROOT = Path(__file__).resolve().parents[2]
EVIL = "x]; drop table y--"
COLUMNS = "id int not null primary key, note nvarchar(40), at datetime2(7)"


class Items(dy.Schema):
    id = dy.Int64(primary_key=True)
    note = dy.String(nullable=True)
    at = dy.Datetime(nullable=True, time_unit="ns")


def dataset(table: str, name: str = "items", schema: type[dy.Schema] = Items, **source) -> Dataset:
    declared = {"mode": "incremental", "watermark": "at"} | source
    return Dataset(
        name=name,
        schema=schema,
        source=SqlSource(CONNECTION, "dbo", table, **declared),
        owner="operations",
        schedule="rate(1 hour)",
        freshness=timedelta(days=1),
    )


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory):
    with running_emulator(tmp_path_factory.mktemp("emulator")) as emulator:
        yield emulator.endpoint


@pytest.fixture(scope="module")
def sql_server(tmp_path_factory):
    with running_sql_source(tmp_path_factory.mktemp("sql-source")) as server:
        yield server


@pytest.fixture
def stack(endpoint, sql_server, monkeypatch) -> SqlStack:
    """A stack whose task's environment is this process's."""
    deployed = SqlStack(endpoint, ("items", "others"))
    deployed.deploy(sql_server.address)
    for name, value in deployed.environment.items():
        monkeypatch.setenv(name, value)
    boto3.setup_default_session()
    yield deployed
    boto3.setup_default_session()


@pytest.fixture
def extract(stack, capsys):
    """Runs the job and returns what it logged of each dataset."""

    def run(*datasets: Dataset, arguments: tuple[str, ...] = ()) -> list[dict[str, object]]:
        capsys.readouterr()
        main([*stack.arguments, *arguments], {each.name: each for each in datasets})
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()][:-1]

    return run


def only_rows(stack: SqlStack, logged: list[dict[str, object]]) -> list[tuple[object, ...]]:
    """The rows of the one object that a run wrote, by key."""
    (line,) = logged
    return stack.read(str(line["object"])).sort("id").rows()


def at(text: str) -> str:
    return f"'2026-11-22 {text}'"


def test_an_increment_has_the_rows_from_the_watermark_on_and_the_log_says_what_it_cannot_see(
    sql_server, stack, extract
):
    # given
    table = sql_server.create_table(COLUMNS)
    sql_server.insert(table, f"(1, N'a', {at('10:00:00.0000001')}), (2, N'b', {at('11:00:00')})")
    (first,) = extract(dataset(table))

    # when a row comes, a row changes and one is deleted
    sql_server.insert(table, f"(3, N'ü', {at('12:00:00.1234567')})")
    sql_server.update(table, f"note = N'bb', at = {at('12:00:00.1234566')}", "id = 2")
    sql_server.delete(table, "id = 1")
    (second,) = extract(dataset(table))

    # then
    assert (first["rows"], first["watermark_to"]) == (2, "2026-11-22 11:00:00.0000000")
    rows = stack.read(str(second["object"])).sort("id")
    assert rows.select("id", "note").rows() == [(2, "bb"), (3, "ü")]
    assert rows["at"].dt.strftime("%H:%M:%S%.9f").to_list() == ["12:00:00.123456600", "12:00:00.123456700"]
    assert (second["watermark_from"], second["watermark_to"]) == (first["watermark_to"], "2026-11-22 12:00:00.1234567")
    assert second["deletions"] == "not seen: the table is incremental"
    about = stack.metadata(str(second["object"]))
    assert (about["rows"], about["watermark-to"]) == ("2", "2026-11-22 12:00:00.1234567")


def test_a_run_without_news_writes_nothing(sql_server, stack, extract):
    # given
    table = sql_server.create_table(COLUMNS)
    sql_server.insert(table, f"(1, N'a', {at('10:00')}), (2, N'b', {at('10:00')})")
    extract(dataset(table))

    # when
    (again,) = extract(dataset(table))

    # then
    assert (again["rows"], again["rows_known"], again["object"]) == (0, 2, None)
    assert len(stack.keys("items")) == 1


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("datetime2(7)", ("'2026-11-22 10:00:00.1234567'", "'2026-11-22 10:00:00.1234568'")),
        ("datetime2(3)", ("'2026-11-22 10:00:00.123'", "'2026-11-22 10:00:00.124'")),
        ("datetime", ("'2026-11-22T10:00:00.003'", "'2026-11-22T10:00:00.007'")),
        ("date", ("'2026-11-22'", "'2026-11-23'")),
        ("bigint", ("9007199254740992", "9007199254740993")),
    ],
)
def test_ties_with_the_watermark_come_over_once_each(sql_server, stack, extract, kind, values):
    # given
    class Ticks(dy.Schema):
        id = dy.Int64(primary_key=True)

    low, high = values
    table = sql_server.create_table(f"id int not null primary key, tick {kind}")
    declared = dataset(table, schema=Ticks, watermark="tick")
    sql_server.insert(table, f"(1, {low}), (2, {low})")
    extract(declared)

    # when
    sql_server.insert(table, f"(3, {low}), (4, {high})")
    logged = extract(declared)
    sql_server.insert(table, f"(5, {high})")
    last = extract(declared)

    # then
    assert [row[0] for row in only_rows(stack, logged)] == [3, 4]
    assert [row[0] for row in only_rows(stack, last)] == [5]


def test_a_row_that_was_committed_late_is_caught_by_the_lag(sql_server, stack, extract):
    # given
    table = sql_server.create_table(COLUMNS)
    declared = dataset(table, lag=timedelta(minutes=10))
    sql_server.insert(table, f"(1, N'a', {at('10:00:00')})")
    extract(declared)

    # when
    sql_server.insert(table, f"(2, N'late', {at('09:50:00')}), (3, N'too late', {at('09:49:59')})")
    logged = extract(declared)

    # then
    assert [row[0] for row in only_rows(stack, logged)] == [2]


@pytest.mark.parametrize(("rule", "expected"), [("always", [1, 2]), ("never", [1])])
def test_rows_without_a_watermark_follow_the_declared_rule(sql_server, stack, extract, rule, expected):
    # given
    table = sql_server.create_table(COLUMNS)
    sql_server.insert(table, f"(1, N'a', {at('10:00')}), (2, N'b', null)")

    # when
    logged = extract(dataset(table, nulls=rule))

    # then
    assert [row[0] for row in only_rows(stack, logged)] == expected
    assert extract(dataset(table, nulls=rule))[0]["rows"] == 0


def test_rows_without_a_watermark_stop_the_table_if_the_rule_refuses_them(sql_server, stack, extract):
    # given
    table = sql_server.create_table(COLUMNS)
    sql_server.insert(table, "(2, N'b', null)")

    # when, then
    with pytest.raises(JobFailedError, match=rf'1 rows of table dbo\.{table} have no at; .*nulls="always"'):
        extract(dataset(table))
    assert stack.keys("items") == []


def test_a_backfill_extracts_its_range_and_leaves_the_watermark_alone(sql_server, stack, extract):
    # given
    table = sql_server.create_table(COLUMNS)
    rows = ", ".join(f"({hour}, N'x', {at(f'{hour}:00')})" for hour in (10, 11, 12))
    sql_server.insert(table, rows)
    extract(dataset(table))
    before = Watermarks(stack.dynamodb, stack.table).position("items")

    # when
    ends = ("--from", "2026-11-22 10:30", "--to", "2026-11-22 11:00")
    logged = extract(dataset(table), arguments=("--dataset", "items", *ends))

    # then
    assert [row[0] for row in only_rows(stack, logged)] == [11]
    assert logged[0]["mode"] == "backfill"
    assert Watermarks(stack.dynamodb, stack.table).position("items") == before


def test_a_backfills_end_that_is_no_value_of_the_watermark_is_refused(sql_server, extract):
    # given
    table = sql_server.create_table(COLUMNS)

    # when, then
    with pytest.raises(JobFailedError, match=r"'yesterday' is no datetime2\(7\), the type of 'at'"):
        extract(dataset(table), arguments=("--dataset", "items", "--from", "yesterday"))


def test_a_name_that_looks_like_sql_is_a_name(sql_server, stack, extract):
    # given a table and a column of that name, and the table that it names
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
    assert [row[0] for row in only_rows(stack, logged)] == [1]
    assert sql_server.query("select count(*) from dbo.y") == [(0,)]
    sql_server.run(f"drop table dbo.{quoted}")
    sql_server.run("drop table dbo.y")


def test_names_are_compared_exactly(sql_server, extract):
    # given
    table = sql_server.create_table(COLUMNS)

    # when, then
    with pytest.raises(JobFailedError, match=rf"there is no table dbo\.{table.upper()}"):
        extract(dataset(table.upper()))


ALL_TYPES = """id int not null primary key, flag bit, tiny tinyint, small smallint, big bigint, exact decimal(38,10),
 cash money, coin smallmoney, single real, twice float, day date, clock time(7), old datetime, older smalldatetime,
 coarse datetime2(3), fine datetime2(7), far datetimeoffset(7), guid uniqueidentifier, raw varbinary(8),
 blob varbinary(max), code char(4), text varchar(20), wide nvarchar(20), long nvarchar(max)"""
ALL_VALUES = """(1, 1, 255, -32768, 9223372036854775807, 1234567890123456789012345678.0123456789,
 922337203685477.5807, -214748.3648, 0.5, 0.1, '0001-01-01', '23:59:59.9999999', '2026-11-22T10:00:00.003',
 '2026-11-22T10:01:00', '2026-11-22 10:00:00.123', '1969-12-31 23:59:59.9999999', '2026-11-22 10:00:00.1234567 -08:00',
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
    "old": "2026-11-22 10:00:00.003000",
    "older": "2026-11-22 10:01:00.000000",
    "coarse": "2026-11-22 10:00:00.123000",
    "fine": "1969-12-31 23:59:59.999999900",
    "far": "2026-11-22 18:00:00.123456700+00:00",
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


def test_every_type_is_mapped_exactly_and_null_is_null(sql_server, stack, extract):
    # given
    table = sql_server.create_table(ALL_TYPES)
    sql_server.insert(table, ALL_VALUES)
    sql_server.insert(f"{table} (id)", "(2)")

    # when
    (line,) = extract(dataset(table, schema=Ids, mode="full", watermark=None))

    # then
    rows = stack.read(str(line["object"])).sort("id")
    texts = rows.select(as_text(name, kind) for name, kind in rows.schema.items())
    first, second = texts.rows(named=True)
    assert first == AS_TEXT
    assert rows.schema["far"] == pl.Datetime("ns", "UTC")
    assert rows.schema["exact"] == pl.Decimal(38, 10)
    assert {value for name, value in second.items() if name != "id"} == {None}


def test_a_type_that_is_not_mapped_stops_its_table_and_no_other(sql_server, stack, extract):
    # given
    wrong = sql_server.create_table("id int not null primary key, form xml")
    right = sql_server.create_table(COLUMNS)
    sql_server.insert(right, f"(1, N'a', {at('10:00')})")

    # when
    with pytest.raises(JobFailedError, match=rf"column 'form' of table dbo\.{wrong} is of type xml"):
        extract(dataset(wrong, schema=Ids, mode="full", watermark=None), dataset(right, "others"))

    # then
    assert (len(stack.keys("items")), len(stack.keys("others"))) == (0, 1)


def test_a_new_column_is_carried_and_reported(sql_server, stack, extract):
    # given
    table = sql_server.create_table(COLUMNS)
    sql_server.insert(table, f"(1, N'a', {at('10:00')})")
    extract(dataset(table))

    # when
    sql_server.run(f"alter table dbo.{table} add colour nvarchar(10)")
    sql_server.insert(table, f"(2, N'b', {at('11:00')}, N'red')")
    (line,) = extract(dataset(table))

    # then
    assert line["new_columns"] == ["colour"]
    rows = stack.read(str(line["object"]))
    assert rows.filter(pl.col("id") == 2)["colour"].to_list() == ["red"]
    assert json.loads(stack.metadata(str(line["object"]))["new-columns"]) == ["colour"]


def test_a_column_that_was_retyped_stops_its_table_until_that_is_accepted(sql_server, extract):
    # given
    table = sql_server.create_table(COLUMNS)
    sql_server.insert(table, f"(1, N'a', {at('10:00')})")
    extract(dataset(table))
    sql_server.run(f"alter table dbo.{table} alter column note nvarchar(20)")

    # when, then
    with pytest.raises(JobFailedError, match=r"'note' .* is nvarchar\(20\) now and was nvarchar\(40\): narrowed"):
        extract(dataset(table))
    sql_server.insert(table, f"(2, N'b', {at('11:00')})")
    assert extract(dataset(table), arguments=("--accept-columns",))[0]["rows"] == 1
    assert extract(dataset(table))[0]["rows"] == 0


def test_a_snapshot_records_the_rows_that_are_gone(sql_server, stack, extract):
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
    assert only_rows(stack, second) == [(1, "a", None, True), (2, "bb", None, False)]
    assert second[0]["rows_deleted"] == 1
    assert only_rows(stack, third) == [(2, "bb", None, False)]


def test_a_table_read_by_several_ranges_has_every_row_once(sql_server, stack, extract):
    # given
    table = sql_server.create_table("id int not null primary key, part int, note nvarchar(40), at datetime2(7)")
    rows = ", ".join(f"({key}, {'null' if key % 10 == 0 else key * 3}, N'x', {at('10:00')})" for key in range(100))
    sql_server.insert(table, rows)

    # when
    logged = extract(dataset(table, partition_column="part", partitions=4))

    # then
    assert [row[0] for row in only_rows(stack, logged)] == list(range(100))


def test_a_server_with_another_certificate_is_not_talked_to(sql_server, stack, extract):
    # given
    stack.deploy(sql_server.address, certificate=new_certificate()[0])

    # when, then
    with pytest.raises(JobFailedError, match="certificate verify failed"):
        extract(dataset(sql_server.create_table(COLUMNS)))


def test_a_wrong_password_is_said_and_not_shown(sql_server, stack, extract, capsys):
    # given
    stack.deploy(sql_server.address, password="Wr0ng;}Password")

    # when
    with pytest.raises(JobFailedError, match=r"(?i)login failed") as failure:
        extract(dataset(sql_server.create_table(COLUMNS)))

    # then
    assert "Wr0ng" not in str(failure.value) + capsys.readouterr().out


KILLED = """
import json, os, signal, sys
from lake import watermark
from tests.emulator.test_extract import dataset
from jobs.extract_from_sql.job import main

def killed(*_arguments, **_more):
    os.kill(os.getpid(), signal.SIGKILL)

watermark.Watermarks.complete = killed
main(sys.argv[2:], {"items": dataset(sys.argv[1])})
"""


def test_a_run_that_was_killed_before_completing_is_taken_over_with_its_key_and_its_range(sql_server, stack, extract):
    # given a process of its own, under the task's role, that dies between the object and the ledger
    table = sql_server.create_table(COLUMNS)
    sql_server.insert(table, f"(1, N'a', {at('10:00')}), (2, N'b', {at('11:00')})")
    died = subprocess.run(
        [sys.executable, "-c", KILLED, table, *stack.arguments],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "platform"), *sys.path])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert died.returncode == -9, died.stderr
    (key,) = stack.keys("items")
    sql_server.insert(table, f"(3, N'c', {at('12:00')})")

    # when another run comes at once, and one after the lease
    with pytest.raises(JobFailedError, match="another run is extracting it, or was stopped in the middle"):
        extract(dataset(table))
    stack.end_lease("items")
    (line,) = extract(dataset(table))

    # then the first object is whole, and the row that came meanwhile is in the next one
    (resumed,) = line["resumed"]
    assert resumed["object"] == key
    assert sorted(stack.read(key)["id"]) == [1, 2]
    assert sorted(stack.read(str(line["object"]))["id"]) == [3]
    assert len(stack.keys("items")) == 2


def test_an_upload_that_fails_leaves_the_watermark_and_the_next_run_repeats_the_range(sql_server, stack, extract):
    # given a role that may not write there
    table = sql_server.create_table(COLUMNS)
    sql_server.insert(table, f"(1, N'a', {at('10:00')})")
    forbidden = dataset(table, "forbidden")
    with pytest.raises(JobFailedError, match=r"AccessDenied|Access Denied|denied"):
        extract(forbidden)

    # then
    watermarks = Watermarks(stack.dynamodb, stack.table)
    assert watermarks.position("forbidden").watermark is None
    again = watermarks.claim("forbidden", lambda _: Range(None, "never asked"))
    assert (again.is_resumed, again.range.upper) == (True, "2026-11-22 10:00:00.0000000")
