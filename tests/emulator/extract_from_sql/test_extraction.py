"""The extraction end to end: from a SQL Server on the wire, under the task's role, into the lake."""

import os
import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import boto3
import dataframely as dy
import polars as pl
import pytest

from jobs.extract_from_sql.errors import ExtractionError
from jobs.extract_from_sql.landing import InboundObjects, record_of
from lake.watermark.watermarks import Range, Watermarks
from processing.declaring.dataset import Dataset
from processing.readers.records import DELETED
from processing.running.job_run import JobFailedError
from tests.support.sql import COLUMNS, at, dataset, new_certificate, only_rows

pytestmark = [pytest.mark.emulator, pytest.mark.xdist_group("sql")]

ROOT = Path(__file__).resolve().parents[3]


def test_an_increment_has_the_rows_from_the_watermark_on_and_the_log_says_what_it_cannot_see(
    sql_server, sql_stack, extract
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
    assert (first["rows"], first["watermark_to"]) == (2, "2021-11-22 11:00:00.0000000")
    rows = sql_stack.read(str(second["object"])).sort("id")
    assert rows.select("id", "note").rows() == [(2, "bb"), (3, "ü")]
    assert rows["at"].dt.strftime("%H:%M:%S%.9f").to_list() == ["12:00:00.123456600", "12:00:00.123456700"]
    assert (second["watermark_from"], second["watermark_to"]) == (first["watermark_to"], "2021-11-22 12:00:00.1234567")
    assert second["deletions"] == "not checked, because the table is incremental"
    about = sql_stack.metadata(str(second["object"]))
    assert (about["rows"], about["watermark-to"]) == ("2", "2021-11-22 12:00:00.1234567")


def test_a_run_without_news_writes_nothing(sql_server, sql_stack, extract):
    # given
    table = sql_server.create_table(COLUMNS)
    sql_server.insert(table, f"(1, N'a', {at('10:00')}), (2, N'b', {at('10:00')})")
    extract(dataset(table))

    # when
    (again,) = extract(dataset(table))

    # then
    assert (again["rows"], again["rows_known"], again["object"]) == (0, 2, None)
    assert len(sql_stack.keys("items")) == 1


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("datetime2(7)", ("'2021-11-22 10:00:00.1234567'", "'2021-11-22 10:00:00.1234568'")),
        pytest.param(
            "datetime2(3)", ("'2021-11-22 10:00:00.123'", "'2021-11-22 10:00:00.124'"), marks=pytest.mark.long
        ),
        pytest.param("datetime", ("'2021-11-22T10:00:00.003'", "'2021-11-22T10:00:00.007'"), marks=pytest.mark.long),
        pytest.param("date", ("'2021-11-22'", "'2021-11-23'"), marks=pytest.mark.long),
        ("bigint", ("9007199254740992", "9007199254740993")),
    ],
)
def test_ties_with_the_watermark_come_over_once_each(sql_server, sql_stack, extract, kind, values):
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
    assert [row[0] for row in only_rows(sql_stack, logged)] == [3, 4]
    assert [row[0] for row in only_rows(sql_stack, last)] == [5]


@pytest.mark.parametrize(
    ("kind", "lag", "values"),
    [
        ("datetime2(7)", timedelta(seconds=1), ("10:00:01.0000001", "10:00:00.0000001", "10:00:00.0000000")),
        pytest.param(
            "datetime", timedelta(seconds=1), ("10:00:01.003", "10:00:00.003", "10:00:00.000"), marks=pytest.mark.long
        ),
        pytest.param(
            "smalldatetime", timedelta(minutes=2), ("10:02:00", "10:00:00", "09:59:00"), marks=pytest.mark.long
        ),
        ("date", timedelta(days=2), ("2021-11-24", "2021-11-22", "2021-11-21")),
    ],
)
def test_a_row_that_was_committed_late_is_caught_by_the_lag(sql_server, sql_stack, extract, kind, lag, values):
    # given the time of the watermark, one the lag before it, and the last one before that
    class Moments(dy.Schema):
        id = dy.Int64(primary_key=True)

    watermark, late, too_late = (value if kind == "date" else f"2021-11-22T{value}" for value in values)
    table = sql_server.create_table(f"id int not null primary key, moment {kind}")
    declared = dataset(table, schema=Moments, watermark="moment", lag=lag)
    sql_server.insert(table, f"(1, '{watermark}')")
    extract(declared)

    # when
    sql_server.insert(table, f"(2, '{late}'), (3, '{too_late}')")
    logged = extract(declared)

    # then
    assert [row[0] for row in only_rows(sql_stack, logged)] == [2]


@pytest.mark.parametrize(("rule", "expected"), [("always", [1, 2]), ("never", [1])])
def test_rows_without_a_watermark_follow_the_declared_rule(sql_server, sql_stack, extract, rule, expected):
    # given
    table = sql_server.create_table(COLUMNS)
    sql_server.insert(table, f"(1, N'a', {at('10:00')}), (2, N'b', null)")

    # when
    logged = extract(dataset(table, nulls=rule))

    # then
    assert [row[0] for row in only_rows(sql_stack, logged)] == expected
    assert extract(dataset(table, nulls=rule))[0]["rows"] == 0


def test_rows_without_a_watermark_stop_the_table_if_the_rule_refuses_them(sql_server, sql_stack, extract):
    # given
    table = sql_server.create_table(COLUMNS)
    sql_server.insert(table, "(2, N'b', null)")

    # when, then
    with pytest.raises(JobFailedError, match=rf'1 rows of table dbo\.{table} have NULL in at; .*nulls="always"'):
        extract(dataset(table))
    assert sql_stack.keys("items") == []


def test_a_backfill_extracts_its_range_and_leaves_the_watermark_alone(sql_server, sql_stack, extract):
    # given
    table = sql_server.create_table(COLUMNS)
    rows = ", ".join(f"({hour}, N'x', {at(f'{hour}:00')})" for hour in (10, 11, 12))
    sql_server.insert(table, rows)
    extract(dataset(table))
    before = Watermarks(sql_stack.dynamodb, sql_stack.table).position("items")

    # when
    ends = ("--from", "2021-11-22 10:30", "--to", "2021-11-22 11:00")
    logged = extract(dataset(table), arguments=("--dataset", "items", *ends))

    # then
    assert [row[0] for row in only_rows(sql_stack, logged)] == [11]
    assert logged[0]["mode"] == "backfill"
    assert Watermarks(sql_stack.dynamodb, sql_stack.table).position("items") == before


@pytest.mark.parametrize("text", ["yesterday", "2021-11-22'; drop table dbo.{table}--"])
def test_a_backfills_end_that_is_no_value_of_the_watermark_is_refused(sql_server, extract, text):
    # given
    table = sql_server.create_table(COLUMNS)
    end = text.format(table=table)

    # when, then
    with pytest.raises(JobFailedError, match=rf"{re.escape(repr(end))} is not a datetime2\(7\), the type of \'at\'"):
        extract(dataset(table), arguments=("--dataset", "items", "--from", end))
    assert sql_server.query(f"select * from dbo.{table}") == []  # noqa: S608 - a test's own


def test_a_server_with_another_certificate_is_not_talked_to(sql_server, sql_stack, extract):
    # given
    sql_stack.deploy(sql_server.address, certificate=new_certificate()[0])

    # when, then
    with pytest.raises(JobFailedError, match="certificate verify failed"):
        extract(dataset(sql_server.create_table(COLUMNS)))


def test_a_wrong_password_is_said_and_not_shown(sql_server, sql_stack, extract, capsys):
    # given
    sql_stack.deploy(sql_server.address, password="Wr0ng;}Password")

    # when
    with pytest.raises(JobFailedError, match=r"(?i)login failed") as failure:
        extract(dataset(sql_server.create_table(COLUMNS)))

    # then
    assert "Wr0ng" not in str(failure.value) + capsys.readouterr().out


KILLED = """
import os, signal, sys
from lake.watermark.watermarks import Watermarks
from tests.support.sql import dataset
from jobs.extract_from_sql.job import main

def killed(*_arguments, **_more):
    os.kill(os.getpid(), signal.SIGKILL)

Watermarks.complete = killed
main(sys.argv[2:], {"items": dataset(sys.argv[1])})
"""


def kill_before_completing(declared_table: str, stack) -> str:
    """Extract in a process of its own, under the task's role, that dies between the object and the ledger."""
    died = subprocess.run(
        [sys.executable, "-c", KILLED, declared_table, *stack.arguments],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "platform"), *sys.path])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert died.returncode == -9, died.stderr
    return stack.keys("items")[-1]


@pytest.fixture
def die_before_completing(extract):
    """Extracts up to the same moment, without a process of its own."""

    class DiedError(KeyboardInterrupt):
        pass

    def die(*_arguments, **_more):
        raise DiedError

    def run(declared: Dataset) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Watermarks, "complete", die)
            with pytest.raises(DiedError):
                extract(declared)

    return run


def test_a_run_killed_before_completing_is_taken_over_with_its_key_and_its_range(sql_server, sql_stack, extract):
    # given
    table = sql_server.create_table(COLUMNS)
    sql_server.insert(table, f"(1, N'a', {at('10:00')}), (2, N'b', {at('11:00')})")
    key = kill_before_completing(table, sql_stack)
    sql_server.insert(table, f"(3, N'c', {at('12:00')})")

    # when another run comes at once, and one after the lease
    with pytest.raises(JobFailedError, match="another run is extracting the dataset, or was stopped while it did"):
        extract(dataset(table))
    sql_stack.end_lease("items")
    (line,) = extract(dataset(table))

    # then the first object is whole, and the row that came meanwhile is in the next one
    (resumed,) = line["resumed"]
    assert resumed["object"] == key
    assert sorted(sql_stack.read(key)["id"]) == [1, 2]
    assert sorted(sql_stack.read(str(line["object"]))["id"]) == [3]
    assert len(sql_stack.keys("items")) == 2


def test_an_object_that_a_killed_run_left_is_not_replaced_and_no_row_is_lost_by_that(
    sql_server, sql_stack, extract, die_before_completing
):
    # given an object that is processed before another run takes over, and a row that came into its range
    table = sql_server.create_table(COLUMNS)
    sql_server.insert(table, f"(1, N'a', {at('10:00')}), (2, N'b', {at('11:00')})")
    die_before_completing(dataset(table))
    (key,) = sql_stack.keys("items")
    processed = sql_stack.read_bytes(key)
    sql_server.insert(table, f"(3, N'c', {at('11:00')})")
    sql_stack.end_lease("items")

    # when
    (line,) = extract(dataset(table))

    # then
    (resumed,) = line["resumed"]
    assert (resumed["object"], resumed["rows"], resumed["stood"]) == (key, 2, True)
    assert sql_stack.read_bytes(key) == processed
    assert list(sql_stack.read(str(line["object"]))["id"]) == [3]


def test_a_row_of_a_killed_runs_snapshot_that_is_gone_is_recorded(
    sql_server, sql_stack, extract, die_before_completing
):
    # given
    table = sql_server.create_table(COLUMNS)
    snapshot = {"mode": "snapshot", "watermark": None}
    sql_server.insert(table, "(1, N'a', null), (2, N'b', null)")
    die_before_completing(dataset(table, **snapshot))
    sql_server.delete(table, "id = 1")
    sql_stack.end_lease("items")

    # when
    (line,) = extract(dataset(table, **snapshot))

    # then
    assert sorted(sql_stack.read(str(line["object"])).select("id", DELETED).rows()) == [(1, True), (2, False)]


def test_a_run_that_was_overtaken_neither_replaces_the_object_nor_completes(
    sql_server, sql_stack, extract, monkeypatch
):
    # given a run whose lease is over before it writes, and one that takes over meanwhile
    table = sql_server.create_table(COLUMNS)
    sql_server.insert(table, f"(1, N'a', {at('10:00')})")
    put, overtaking = InboundObjects.put, []

    def late(self, *arguments):
        if not overtaking:
            overtaking.append("now")
            sql_server.insert(table, f"(2, N'b', {at('10:00')})")
            sql_stack.end_lease("items")
            overtaking.extend(extract(dataset(table)))
        return put(self, *arguments)

    monkeypatch.setattr(InboundObjects, "put", late)

    # when
    with pytest.raises(JobFailedError, match="another run took over the extraction of items"):
        extract(dataset(table))

    # then
    (key,) = sql_stack.keys("items")
    assert sorted(sql_stack.read(key)["id"]) == [1, 2]
    assert Watermarks(sql_stack.dynamodb, sql_stack.table).position("items").object_key == key
    assert extract(dataset(table))[0]["rows"] == 0


def test_a_large_object_is_not_replaced_either_and_leaves_no_parts(sql_stack, tmp_path):
    # given
    objects, key = (
        InboundObjects(boto3.client("s3"), sql_stack.bucket, "a-run"),
        "inbound/items/2026/11/22/items.parquet",
    )
    for name in ("first", "second"):
        (tmp_path / name).write_bytes(name.encode() * 4 * 2**20)

    # when
    outcomes = [objects.put(key, tmp_path / name, {}) for name in ("first", "second")]

    # then
    assert outcomes == [True, False]
    assert sql_stack.read_bytes(key) == (tmp_path / "first").read_bytes()
    assert sql_stack.s3.list_multipart_uploads(Bucket=sql_stack.bucket).get("Uploads", []) == []


def test_an_object_that_no_extraction_wrote_is_not_taken_for_one(tmp_path):
    # given
    pl.DataFrame({"id": [1]}).write_parquet(tmp_path / "foreign.parquet")
    (tmp_path / "text.parquet").write_bytes(b"no parquet")

    # when, then
    for name in ("foreign.parquet", "text.parquet"):
        with pytest.raises(ExtractionError, match="that no extraction wrote"):
            record_of(tmp_path / name)


def test_an_upload_that_fails_leaves_the_watermark_and_the_next_run_repeats_the_range(sql_server, sql_stack, extract):
    # given a role that may not write there
    table = sql_server.create_table(COLUMNS)
    sql_server.insert(table, f"(1, N'a', {at('10:00')})")
    forbidden = dataset(table, "forbidden")
    with pytest.raises(JobFailedError, match=r"AccessDenied|Access Denied|denied"):
        extract(forbidden)

    # then
    watermarks = Watermarks(sql_stack.dynamodb, sql_stack.table)
    assert watermarks.position("forbidden").watermark is None
    again = watermarks.claim("forbidden", lambda _: Range(None, "never asked"))
    assert (again.is_resumed, again.range.upper) == (True, "2021-11-22 10:00:00.0000000")
