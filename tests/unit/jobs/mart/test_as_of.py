"""A report as of an earlier time, computed from that time's snapshots."""

import dataclasses
import io
from datetime import UTC, datetime, timedelta

import dataframely as dy
import polars as pl
import pytest
from pyiceberg.table.update import RemoveSnapshotsUpdate

from jobs.mart.job import _parser
from processing.reporting.snapshots import time_of
from processing.running.job_run import JobFailedError
from tests.support.published import THINGS, declared_with, land, things
from tests.support.reports import report_of, total

REPORTS = {"totals": report_of("totals", total)}


@pytest.fixture
def snapshots(store, lake):
    """Three snapshots; each adds a row."""
    for number, value in enumerate((1, 10, 100)):
        land(store, THINGS, f"{number}", things(value, start=number))
        lake.merge(THINGS)
    return lake.open_table(THINGS).snapshots()


@pytest.fixture
def at(store, lake):
    """Return the report's total as of a time."""

    def total_at(as_of=None, dataset=THINGS):
        lake.mart(REPORTS, datasets={"things": dataset}, as_of=as_of)
        file = "mart/accounts/reports/totals/parquet/totals.parquet"
        assert store.objects[file].metadata["snapshots"].startswith("things=")
        return pl.read_parquet(io.BytesIO(store.read(file)))["value"].sum()

    return total_at


def test_a_report_is_computed_from_the_snapshot_of_a_time(snapshots, at):
    for snapshot, expected in zip(snapshots, (1, 11, 111), strict=True):
        assert at(time_of(snapshot)) == expected
    assert at(time_of(snapshots[1]) + timedelta(milliseconds=1)) == 11


def test_a_report_is_computed_from_the_snapshot_with_an_id(snapshots, at, store):
    assert at(snapshots[1].snapshot_id) == 11
    metadata = store.objects["mart/accounts/reports/totals/csv/totals.csv"].metadata
    assert metadata["snapshots"] == f"things={snapshots[1].snapshot_id}"


def test_a_report_of_the_past_is_replaced_by_the_next_run(snapshots, at):
    assert at(snapshots[0].snapshot_id) == 1
    assert at() == 111


def test_a_report_before_the_first_snapshot_has_no_rows(snapshots, at):
    assert at(time_of(snapshots[0]) - timedelta(seconds=1)) == 0


def test_a_column_that_was_declared_later_is_missing_in_the_past(snapshots, at, store, lake):
    # given
    later = declared_with(extra=dy.String(nullable=True))
    land(store, later, "later", [{"number": 9, "value": 1000, "note": "n", "extra": "x"}])
    lake.merge(later)

    # then
    assert at(snapshots[1].snapshot_id, later) == 11
    assert at(None, later) == 1111


def test_an_expired_snapshot_is_refused_with_the_oldest_kept_one(snapshots, at, lake):
    # given
    table = lake.open_table(THINGS)
    expired = RemoveSnapshotsUpdate.model_validate({"snapshot-ids": [snapshots[0].snapshot_id]})
    table.catalog.commit_table(table, (), (expired,))

    # then
    oldest = f"{snapshots[1].snapshot_id} of {time_of(snapshots[1]):%Y-%m-%dT%H:%M}"
    with pytest.raises(JobFailedError, match=f"has expired; the oldest available one is {oldest}"):
        at(time_of(snapshots[0]))


def test_unknown_snapshot_is_refused_with_the_existing_ones(snapshots, at):
    with pytest.raises(
        JobFailedError, match=f"things do not have a snapshot 7; they have {snapshots[2].snapshot_id}, "
    ):
        at(7)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("2026-11-22T05:00:00Z", datetime(2026, 11, 22, 5, tzinfo=UTC)),
        ("2026-11-22T05:00:00", datetime(2026, 11, 22, 5, tzinfo=UTC)),
        ("2026-11-22", datetime(2026, 11, 22, tzinfo=UTC)),
        ("4611686018427387904", 4611686018427387904),
    ],
)
def test_a_time_or_an_id_is_accepted(typed, meant):
    options, _ = _parser().parse_known_args(["--bucket", "b", "--database", "d", "--as-of", typed])
    assert options.as_of == meant


def test_two_inputs_are_read_as_of_one_time(store, lake):
    # given a table that was first published later
    others = dataclasses.replace(THINGS, name="others")
    land(store, THINGS, "a", things(1))
    lake.merge(THINGS)
    first = lake.open_table(THINGS).current_snapshot().snapshot_id
    land(store, others, "b", things(10))
    lake.merge(others)

    # when
    both = report_of("both", lambda inputs: total({"things": inputs["things"]}), inputs=("things", "others"))
    lake.mart({"both": both}, datasets={"things": THINGS, "others": others}, as_of=first)

    # then
    metadata = store.objects["mart/accounts/reports/both/csv/both.csv"].metadata
    assert metadata["snapshots"] == f"things={first},others=none"
    assert metadata["input-rows"] == "things=1,others=0"
