"""The warehouse job: one inbound object, one warehouse file, one quarantine file."""

import io
import json
from dataclasses import replace
from datetime import UTC, date, datetime

import polars as pl
import pytest

from datasets import DATASETS
from jobs.warehouse.job import refine
from lake.object_metadata import SOURCE_MODIFIED
from lake.warehouse_metadata import ColumnFacts, read_warehouse_metadata
from processing.refining.selection import NoSuchObjectError, Replay
from processing.running.job_run import JobFailedError
from processing.storage.columns import LINEAGE, QUARANTINE
from processing.storage.memory_store import MemoryStore, StoredObject
from processing.storage.store import OpenObject

HEADER = "member_id,town,size,label\n"
INBOUND = "inbound/parcels/2026/11/22/day one.csv"
WAREHOUSE = "warehouse/parcels/landing_date=2026-11-22/day one.csv.parquet"
QUARANTINED = "quarantine/parcels/landing_date=2026-11-22/day one.csv.parquet"
LANDED_AT = datetime(2026, 11, 22, 12, 30, 0, 250_000, tzinfo=UTC)
GOOD = "1,York,Small,AB12CDE\n"
BAD = "x,York,Small,XY51ZZZ\n"


@pytest.fixture
def store():
    return MemoryStore()


def land(store: MemoryStore, body: str, key: str = INBOUND) -> None:
    store.objects[key] = StoredObject((HEADER + body).encode(), landed_at=LANDED_AT)


def parquet(store: MemoryStore, key: str) -> pl.DataFrame:
    return pl.read_parquet(io.BytesIO(store.read(key)))


def logged(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_an_object_becomes_a_warehouse_file_whose_rows_say_where_they_came_from(store):
    # given
    land(store, GOOD)

    # when
    refine(store, DATASETS, "run-1")

    # then
    rows = parquet(store, WAREHOUSE)
    assert rows.columns == [*DATASETS["parcels"].schema.column_names(), *LINEAGE]
    landed = (INBOUND, date(2026, 11, 22), LANDED_AT, LANDED_AT)
    assert rows.rows() == [(1, "YORK", "Small", "AB12CDE", *landed, 2, False, None)]


@pytest.mark.parametrize("told", ["yesterday", "2026-11-20T08:00:00", "", "0001-01-01T00:00:00+14:00"])
def test_an_object_whose_metadata_hold_no_time_of_its_source_is_refused_whole_with_the_form_of_one(store, told):
    # given
    land(store, GOOD)
    store.objects[INBOUND] = replace(store.objects[INBOUND], metadata={SOURCE_MODIFIED: told})

    # when
    refine(store, DATASETS, "run-1")

    # then
    [refused] = parquet(store, QUARANTINED).rows(named=True)
    assert refused["rules"] == ["unreadable_object"]
    assert f"source-modified {told!r} is not a time with a zone, such as" in refused["reason"]
    assert parquet(store, WAREHOUSE).is_empty()


def test_a_refused_row_is_kept_with_all_that_its_replay_needs(store):
    # given
    land(store, GOOD + BAD)

    # when
    refine(store, DATASETS, "run-1")

    # then
    rows = parquet(store, QUARANTINED)
    assert rows.schema == QUARANTINE
    assert rows.rows(named=True) == [
        {
            "object": INBOUND,
            "line": 3,
            "original": BAD.strip(),
            "header": HEADER.strip(),
            "rules": ["member_id|type"],
            "reason": "member_id is not a whole number",
            "run": "run-1",
        }
    ]


def test_the_row_accounting_is_written_with_both_files(store):
    # given
    land(store, GOOD + GOOD + BAD)

    # when
    refine(store, DATASETS, "run-1")

    # then
    told = read_warehouse_metadata(store.objects[WAREHOUSE].metadata)
    assert (told.run, told.by_rule) == ("run-1", {"member_id|type": 1})
    assert (told.rows_in, told.rows_warehouse, told.rows_quarantined, told.rows_duplicate) == (3, 1, 1, 1)
    assert store.objects[QUARANTINED].metadata == store.objects[WAREHOUSE].metadata


def test_facts_about_the_declared_columns_are_of_clean_rows(store):
    # given
    land(store, GOOD + GOOD + BAD)

    # when
    refine(store, DATASETS, "run-1")

    # then
    columns = read_warehouse_metadata(store.objects[WAREHOUSE].metadata).columns
    assert columns == dict.fromkeys(DATASETS["parcels"].schema.columns(), ColumnFacts(nulls=0, distinct=1))


def test_the_warehouse_file_is_written_last_since_it_marks_the_object_as_processed(store):
    # given
    land(store, GOOD)

    # when
    refine(store, DATASETS, "run-1")

    # then
    assert store.written == [QUARANTINED, WAREHOUSE]


@pytest.mark.parametrize("body", ["", GOOD, BAD])
def test_both_files_are_written_with_their_columns_even_when_they_have_no_rows(store, body):
    # given
    land(store, body)

    # when
    refine(store, DATASETS, "run-1")

    # then
    assert parquet(store, QUARANTINED).schema == QUARANTINE
    assert parquet(store, WAREHOUSE).schema["member_id"] == pl.Int64
    assert parquet(store, WAREHOUSE).height + parquet(store, QUARANTINED).height == len(body.splitlines())


def test_an_object_that_was_processed_is_not_processed_again(store):
    # given
    land(store, GOOD)
    refine(store, DATASETS, "run-1")
    store.written.clear()

    # when
    refine(store, DATASETS, "run-2")

    # then
    assert store.written == []


def test_a_rerun_of_an_object_overwrites_its_own_files_and_nothing_else(store):
    # given two processed objects, one of which lost its warehouse file, as after a kill before it was written
    land(store, GOOD)
    land(store, BAD, "inbound/parcels/2026/11/23/other.csv")
    refine(store, DATASETS, "run-1")
    before = dict(store.objects)
    del store.objects[WAREHOUSE]
    store.written.clear()

    # when
    refine(store, DATASETS, "run-1")

    # then
    assert store.written == [QUARANTINED, WAREHOUSE]
    assert store.objects == before


def test_objects_of_one_name_on_two_days_have_files_of_their_own(store):
    # given
    land(store, GOOD)
    land(store, BAD, INBOUND.replace("22/", "23/"))

    # when
    refine(store, DATASETS, "run-1")

    # then
    assert len(list(store.keys("warehouse/"))) == len(list(store.keys("quarantine/"))) == 2


def test_an_object_that_cannot_be_read_goes_to_the_quarantine_whole(store):
    # given
    store.objects[INBOUND] = StoredObject(b"member,city\n1,York\n")

    # when: nothing is raised, so that the marts are not held up
    refine(store, DATASETS, "run-1")

    # then
    (row,) = parquet(store, QUARANTINED).rows(named=True)
    assert (row["object"], row["rules"], row["line"]) == (INBOUND, ["unreadable_object"], None)
    assert row["original"] == "member,city\n1,York\n"
    assert "missing columns ['member_id'" in row["reason"]
    assert parquet(store, WAREHOUSE).is_empty()
    assert set(LINEAGE) < set(parquet(store, WAREHOUSE).columns)
    told = read_warehouse_metadata(store.objects[WAREHOUSE].metadata)
    assert (told.rows_in, told.rows_warehouse, told.rows_quarantined, told.rows_duplicate) == (1, 0, 1, 0)
    assert (told.by_rule, told.columns) == ({"unreadable_object": 1}, {})


def test_the_log_tells_an_unreadable_object_from_the_others(store, capsys):
    # given
    store.objects["inbound/parcels/2026/11/21/bad.csv"] = StoredObject(b"")
    land(store, GOOD)

    # when
    refine(store, DATASETS, "run-1")

    # then
    unreadable, done, finished = logged(capsys)
    assert unreadable["outcome"] == "unreadable"
    assert "the file is empty" in str(unreadable["reason"])
    assert done["outcome"] == "done"
    assert (finished["done"], finished["failed"], finished["unreadable"]) == (1, 0, 1)


@pytest.mark.parametrize(
    "replay", [Replay([INBOUND]), Replay(first=date(2026, 11, 22)), Replay(last=date(2026, 11, 22))]
)
def test_an_object_that_was_put_right_is_replayed_and_leaves_no_trace_of_its_refusal(store, replay):
    # given an object that was refused whole, a mended one in its place, and another that was processed
    store.objects[INBOUND] = StoredObject(b"nothing")
    refine(store, DATASETS, "run-1")
    land(store, GOOD + BAD)
    store.written.clear()

    # when
    refine(store, DATASETS, "run-2", replay)

    # then
    clean = MemoryStore()
    land(clean, GOOD + BAD)
    refine(clean, DATASETS, "run-2")
    assert store.objects == clean.objects


def test_a_replay_of_days_processes_those_days_and_no_others(store):
    # given four processed objects
    keys = [f"inbound/parcels/2026/11/{day}/a.csv" for day in (20, 21, 22, 23)]
    for key in keys:
        land(store, GOOD, key)
    refine(store, DATASETS, "run-1")
    store.written.clear()

    # when
    refine(store, DATASETS, "run-2", Replay(first=date(2026, 11, 21), last=date(2026, 11, 22)))

    # then
    assert {key[key.index("=") + 1 :][:10] for key in store.written} == {"2026-11-21", "2026-11-22"}


def test_a_replay_of_an_object_that_is_not_there_is_refused(store):
    with pytest.raises(NoSuchObjectError, match=r"no such objects: inbound/parcels/2026/11/22/day one\.csv"):
        refine(store, DATASETS, "run-1", Replay([INBOUND]))


def test_an_unexpected_error_on_one_object_stops_no_other():
    # given a store that cannot give one of the objects
    class Unreliable(MemoryStore):
        def open(self, key: str) -> OpenObject:
            if key == INBOUND:
                raise OSError("connection lost")
            return super().open(key)

    unreliable = Unreliable()
    land(unreliable, GOOD)
    land(unreliable, GOOD, "inbound/parcels/2026/11/23/other.csv")

    # when
    with pytest.raises(JobFailedError, match=r"day one\.csv: connection lost") as failure:
        refine(unreliable, DATASETS, "run-1")

    # then
    assert list(unreliable.keys("warehouse/")) == ["warehouse/parcels/landing_date=2026-11-23/other.csv.parquet"]
    assert isinstance(failure.value.__cause__, ExceptionGroup)


def test_a_key_outside_the_layout_is_told_of_in_each_run_and_holds_nothing_up(store, capsys):
    # given
    land(store, GOOD, "inbound/parcels/stray.csv")
    land(store, GOOD)

    # when
    refine(store, DATASETS, "run-1")

    # then
    misplaced, done, finished = logged(capsys)
    assert (misplaced["outcome"], misplaced["object"]) == ("misplaced", "inbound/parcels/stray.csv")
    assert done["object"] == INBOUND
    assert (finished["done"], finished["misplaced"]) == (1, 1)


def test_key_with_an_unprintable_name_is_reported_with_that_reason(store, capsys):
    # given
    land(store, GOOD, "inbound/parcels/2026/11/22/Bericht\u200b.csv")

    # when
    refine(store, DATASETS, "run-1")

    # then
    assert "has a character that does not print; rename the file at its source" in logged(capsys)[0]["reason"]


def test_a_folder_marker_of_the_console_is_no_object(store):
    # given
    store.objects["inbound/parcels/2026/"] = StoredObject(b"")

    # when
    refine(store, DATASETS, "run-1")

    # then
    assert store.written == []


def test_an_object_is_logged_as_a_line_of_json_with_its_counts(store, capsys):
    # given
    land(store, GOOD + GOOD + BAD)

    # when
    refine(store, DATASETS, "run-1")

    # then
    line = logged(capsys)[0]
    assert line.pop("seconds") >= 0
    assert line == {
        "job": "warehouse",
        "run": "run-1",
        "outcome": "done",
        "object": INBOUND,
        "dataset": "parcels",
        "rows_in": 3,
        "rows_warehouse": 1,
        "rows_quarantined": 1,
        "rows_duplicate": 1,
        "by_rule": {"member_id|type": 1},
    }
