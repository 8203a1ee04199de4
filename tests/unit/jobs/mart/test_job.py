"""The view over history shows the latest row per key; the mart job writes each report from the published tables."""

import dataclasses
import io
import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import narwhals as nw
import polars as pl
import pytest

from datasets import DATASETS
from jobs.warehouse.job import refine
from lake.object_metadata import source_modified
from processing.reporting.files import for_spreadsheets
from processing.running.job_run import JobFailedError
from processing.storage.memory_store import MemoryStore, StoredObject
from processing.storage.views import current_rows, published_view
from reports import REPORTS

PARCELS = DATASETS["parcels"]
HEADER = "member_id,town,size,label\n"
COUNTS = "mart/accounts/reports/members_by_parcel_count/{0}/members_by_parcel_count.{0}"


NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def refine_file(
    store: MemoryStore, day_and_name: str, body: str, landed_at: datetime = NOON, modified: datetime | None = None
) -> None:
    metadata = {} if modified is None else source_modified(int(modified.timestamp()))
    stored = StoredObject((HEADER + body).encode(), metadata=metadata, landed_at=landed_at)
    store.objects[f"inbound/parcels/{day_and_name}"] = stored
    refine(store, DATASETS, "run-1")


def owners(store: MemoryStore) -> dict[str, int]:
    """Current owner by label."""
    rows = published_view(store, PARCELS).select("label", "member_id").collect()
    return dict(rows.iter_rows())


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ("2026/11/22/parcels.v2.csv", "2026/11/22/parcels.v10.csv"),
        ("2026/11/22/evening.csv", "2026/11/22/correction.csv"),
        ("2026/11/22/z.csv", "2026/11/23/a.csv"),
    ],
)
@pytest.mark.parametrize("later_is_processed_first", [False, True])
def test_the_view_shows_the_row_that_arrived_last_whatever_its_files_name(
    store, earlier, later, later_is_processed_first
):
    # given a later file, with the label further up in it
    files = [
        (earlier, "3,Ripon,Small,XY51ZZZ\n1,York,Small,AB12CDE\n", NOON),
        (later, "2,York,Small,AB12CDE\n", NOON + timedelta(seconds=1)),
    ]
    for name, body, landed_at in reversed(files) if later_is_processed_first else files:
        refine_file(store, name, body, landed_at)

    # then
    assert owners(store) == {"AB12CDE": 2, "XY51ZZZ": 3}


def test_of_two_files_that_waited_together_the_one_counts_that_its_source_changed_last_whichever_lands_first(store):
    # given yesterday's file, which is the larger one and so landed after today's
    refine_file(store, "2026/11/22/today.csv", "2,York,Small,AB12CDE\n", NOON, modified=NOON - timedelta(hours=1))
    refine_file(
        store,
        "2026/11/22/yesterday.csv",
        "1,York,Small,AB12CDE\n3,Ripon,Small,XY51ZZZ\n",
        NOON + timedelta(minutes=1),
        modified=NOON - timedelta(hours=25),
    )

    # then
    assert owners(store) == {"AB12CDE": 2, "XY51ZZZ": 3}


def test_a_file_that_was_written_before_there_was_the_sources_time_is_as_of_its_landing(store):
    # given two such files, of which the older one is processed again
    refine_file(store, "2026/11/22/a.csv", "1,York,Small,AB12CDE\n", NOON)
    refine_file(store, "2026/11/23/b.csv", "2,York,Small,AB12CDE\n", NOON + timedelta(days=1))
    key = "warehouse/parcels/landing_date=2026-11-23/b.csv.parquet"
    written = io.BytesIO()
    pl.read_parquet(store.read(key)).drop("_as_of").write_parquet(written)
    store.write(key, written.getvalue(), "", {})

    # then
    assert owners(store) == {"AB12CDE": 2}


def test_a_file_from_a_source_whose_clock_is_years_ahead_is_superseded_by_what_arrives_after_it(store):
    # given
    refine_file(store, "2026/11/22/a.csv", "1,York,Small,AB12CDE\n", NOON, modified=datetime(2099, 1, 1, tzinfo=UTC))
    later = NOON + timedelta(days=1)
    refine_file(store, "2026/11/23/b.csv", "2,York,Small,AB12CDE\n", later, modified=later - timedelta(hours=1))

    # then
    assert owners(store) == {"AB12CDE": 2}


def test_of_two_files_that_arrived_at_one_instant_the_one_whose_key_sorts_last_counts(store):
    # given the label further down in the file that sorts first
    refine_file(store, "2026/11/22/b.csv", "2,York,Small,AB12CDE\n")
    refine_file(store, "2026/11/22/a.csv", "3,Ripon,Small,XY51ZZZ\n1,York,Small,AB12CDE\n")

    # then
    assert owners(store) == {"AB12CDE": 2, "XY51ZZZ": 3}


def test_the_sources_time_comes_before_the_arrival_that_before_the_objects_key_and_that_before_the_line():
    # given rows of one key, each newer by one criterion and older by the ones after it
    soon = NOON + timedelta(seconds=1)
    rows = pl.LazyFrame(
        [
            ("k", soon, NOON, "a", 1),
            ("k", NOON, soon, "a", 2),
            ("k", NOON, NOON, "b", 3),
            ("k", NOON, NOON, "a", 4),
        ],
        schema=["label", "_as_of", "_landed_at", "_object", "_line"],
        orient="row",
    )

    # then
    for first in (1, 2, 3):
        assert current_rows(rows.tail(5 - first), PARCELS).collect()["_line"].to_list() == [first]


def test_a_quarantined_row_does_not_replace_the_one_before_it(store):
    # given
    refine_file(store, "2026/11/22/a.csv", "1,York,Small,AB12CDE\n")
    refine_file(store, "2026/11/23/a.csv", "x,York,Small,AB12CDE\n")

    # then
    assert owners(store) == {"AB12CDE": 1}


def test_the_view_says_where_each_row_came_from(store):
    # given
    refine_file(store, "2026/11/22/a.csv", "1,York,Small,AB12CDE\n")

    # when
    row = published_view(store, PARCELS).collect().row(0, named=True)

    # then
    assert (row["_object"], row["_landed_on"], row["_landed_at"], row["_as_of"], row["_line"]) == (
        "inbound/parcels/2026/11/22/a.csv",
        date(2026, 11, 22),
        NOON,
        NOON,
        2,
    )


def test_a_dataset_without_files_has_an_empty_view_with_the_columns_of_a_full_one(store):
    # given
    empty = published_view(store, PARCELS).collect_schema()
    refine_file(store, "2026/11/22/a.csv", "1,York,Small,AB12CDE\n")

    # then
    assert published_view(store, PARCELS).collect_schema() == empty


def test_a_report_is_written_as_parquet_and_csv_with_the_same_rows(store, lake):
    # given
    refine_file(store, "2026/11/22/a.csv", "1,York,Small,AB12CDE\n1,Ripon,Small,XY51ZZZ\n2,Ripon,Small,XY51ZZA\n")

    # when
    lake.merge()
    lake.mart(run="run-2")

    # then
    assert store.read(COUNTS.format("csv")) == b"parcel_count,members\n1,1\n2,1\n"
    assert pl.read_parquet(io.BytesIO(store.read(COUNTS.format("parquet")))).rows() == [(1, 1), (2, 1)]


def test_a_report_says_its_rows_its_run_and_how_new_its_inputs_are(store, lake):
    # given
    refine_file(store, "2026/11/22/a.csv", "1,York,Small,AB12CDE\n")
    refine_file(store, "2026/11/21/a.csv", "1,York,Small,XY51ZZZ\n")

    # when
    lake.merge()
    lake.mart(run="run-2")

    # then
    said = dict(store.objects[COUNTS.format("csv")].metadata)
    assert store.objects[COUNTS.format("parquet")].metadata == said
    said.pop("version")
    assert said == {
        "rows": "1",
        "run": "run-2",
        "input-rows": "parcels=2",
        "newest-landing-dates": "parcels=2026-11-22",
        "snapshots": f"parcels={lake.open_table(PARCELS).current_snapshot().snapshot_id}",
    }


def test_reports_are_written_under_their_teams_and_nowhere_else(store, lake):
    # when
    lake.merge()
    lake.mart(run="run-2")

    # then
    expected = {
        f"mart/{report.team}/reports/{name}/{extension}/{name}.{extension}"
        for name, report in REPORTS.items()
        for extension in ("csv", "parquet")
    }
    assert set(store.written) == expected


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_over_nothing_is_empty_and_has_the_columns_and_types_of_a_full_one(store, lake, name):
    # given
    report = REPORTS[name]
    key = f"mart/{report.team}/reports/{name}/parquet/{name}.parquet"
    lake.mart({name: report})
    empty = pl.read_parquet(io.BytesIO(store.read(key)))

    # when
    refine_file(store, "2026/11/22/a.csv", "1,York,Small,AB12CDE\n")
    lake.merge()
    lake.mart({name: report})

    # then
    assert empty.is_empty()
    assert pl.read_parquet(io.BytesIO(store.read(key))).schema == empty.schema


def test_a_report_is_the_same_bytes_for_the_same_rows(store, lake):
    # given
    refine_file(store, "2026/11/22/a.csv", "".join(f"{i % 3},M{i % 5},Small,AB{i:02}CDE\n" for i in range(1, 60)))
    lake.merge()
    lake.mart()
    before = dict(store.objects)

    # when
    lake.mart(force=True)

    # then
    assert store.objects == before


def test_a_report_that_fails_stops_no_other(store, lake, capsys):
    # given
    def query(inputs: Any) -> Any:
        return inputs["parcels"].select(nw.col("no_such_column"))

    broken = dataclasses.replace(REPORTS["members_by_parcel_count"], name="broken", query=query)
    reports = {"broken": broken, **REPORTS}

    # when
    with pytest.raises(
        JobFailedError, match=rf"1 of {len(reports)} reports failed, the others succeeded:\n- broken: .*no_such_column"
    ):
        lake.mart(reports)

    # then
    assert len(store.written) == 2 * len(REPORTS)
    outcomes = [json.loads(line)["outcome"] for line in capsys.readouterr().out.splitlines()]
    assert outcomes == ["failed", *["done"] * len(REPORTS), "finished"]


@pytest.mark.parametrize(
    "text",
    ["=HYPERLINK(1)", "+1", "-1", "@SUM(1)", "\t=1", "\uff1d1"],
    ids=["equals", "plus", "minus", "at", "tab", "wide"],
)
def test_formula_in_data_is_text_in_the_csv(text: str):
    [cell] = pl.read_csv(for_spreadsheets(pl.DataFrame({"page": [text]})), infer_schema=False)["page"]

    assert cell == f"'{text}"


def test_numbers_and_other_text_stay_in_the_csv():
    rows = pl.DataFrame({"page": ["/", "a=b", "", None, "x\ny"], "revenue": [-1, 2, 3, 4, 5]})

    assert for_spreadsheets(rows) == rows.write_csv().encode()


def test_control_characters_do_not_reach_the_csv():
    assert for_spreadsheets(pl.DataFrame({"page": ["a\x1b]0;b\x00"]})).decode() == "page\na\ufffd]0;b\ufffd\n"
