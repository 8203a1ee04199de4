"""Snapshots are kept for time travel as the dataset declares, and a table's metadata does not grow."""

from datetime import UTC, datetime, timedelta

import pytest
from pyiceberg.partitioning import UNPARTITIONED_PARTITION_SPEC
from pyiceberg.schema import Schema
from pyiceberg.table.metadata import new_table_metadata
from pyiceberg.table.refs import MAIN_BRANCH, SnapshotRef, SnapshotRefType
from pyiceberg.table.snapshots import Operation, Snapshot, SnapshotLogEntry, Summary
from pyiceberg.table.sorting import UNSORTED_SORT_ORDER

from processing.publishing.snapshots import RECENT, expired_snapshots, retention_properties, snapshot_at

START = datetime(2026, 1, 1, tzinfo=UTC)
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


def milliseconds(moment):
    return int(moment.timestamp() * 1000)


def metadata_of(*moments, days=7, current=None, log=()):
    """Return a table's metadata with a snapshot at each moment, numbered from 0."""
    snapshots = [
        Snapshot(
            snapshot_id=number,
            sequence_number=number + 1,
            timestamp_ms=milliseconds(moment),
            manifest_list="",
            summary=Summary(Operation.OVERWRITE),
        )
        for number, moment in enumerate(moments)
    ]
    empty = new_table_metadata(Schema(), UNPARTITIONED_PARTITION_SPEC, UNSORTED_SORT_ORDER, "file:///t")
    main = SnapshotRef(
        snapshot_id=len(moments) - 1 if current is None else current, snapshot_ref_type=SnapshotRefType.BRANCH
    )
    entries = [SnapshotLogEntry(snapshot_id=number, timestamp_ms=milliseconds(moment)) for number, moment in log]
    return empty.model_copy(
        update={
            "snapshots": snapshots,
            "snapshot_log": entries,
            "refs": {MAIN_BRANCH: main},
            "properties": retention_properties(days),
        }
    )


def kept(metadata, now):
    gone = expired_snapshots(metadata, now)
    return [each.snapshot_id for each in metadata.snapshots if each.snapshot_id not in gone]


@pytest.mark.parametrize("minutes", [10, 60])
def test_a_busy_table_keeps_the_last_and_each_days_end(minutes):
    # given a commit every few minutes for ten days
    moments = [START + number * minutes * MINUTE for number in range(10 * 1440 // minutes)]
    metadata = metadata_of(*moments)

    # when
    left = kept(metadata, moments[-1])

    # then only the ends of past days and today's last commits are kept
    of_a_day = 1440 // minutes
    ends = [day * of_a_day - 1 for day in range(3, 10)]
    assert left == sorted({*ends, *range(len(moments) - RECENT, len(moments))})


def test_a_nightly_table_keeps_the_last_whatever_their_age():
    moments = [START + number * 30 * DAY for number in range(RECENT + 5)]
    left = kept(metadata_of(*moments), moments[-1])
    assert left == list(range(5, RECENT + 5))


def test_the_state_of_a_day_without_commits_is_kept():
    # given a snapshot that was current for 28 days, then more than enough of one day
    busy = [START + 28 * DAY + number * MINUTE for number in range(RECENT + 3)]
    metadata = metadata_of(START, *busy)
    assert kept(metadata, busy[-1])[0] == 0


def test_what_a_rollback_made_current_is_kept():
    # given snapshot 1 of day 0, which a person made current again at the end of day 20
    busy = [START + 21 * DAY + number * MINUTE for number in range(RECENT + 3)]
    metadata = metadata_of(START, START + MINUTE, START + 19 * DAY, *busy, log=[(1, START + 20.5 * DAY)])
    assert [each for each in kept(metadata, busy[-1]) if each < 3] == [1, 2]
    assert snapshot_at(metadata, START + 20.9 * DAY).snapshot_id == 1


def test_a_referenced_snapshot_is_kept():
    moments = [START + number * MINUTE for number in range(RECENT + 5)]
    assert kept(metadata_of(*moments, current=0), moments[-1] + 30 * DAY)[0] == 0


def test_a_table_of_another_writer_keeps_all():
    moments = [START + number * MINUTE for number in range(RECENT + 5)]
    metadata = metadata_of(*moments).model_copy(update={"properties": {}})
    assert expired_snapshots(metadata, moments[-1] + 30 * DAY) == []


def test_a_moment_has_the_snapshot_current_then():
    metadata = metadata_of(START, START + DAY)
    assert snapshot_at(metadata, START + 0.5 * DAY).snapshot_id == 0
    assert snapshot_at(metadata, START + DAY).snapshot_id == 1
    assert snapshot_at(metadata, START - MINUTE) is None
