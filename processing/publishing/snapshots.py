"""Decides which snapshots of a published table are kept for time travel.

The last RECENT snapshots are kept, and for each of the last days that the dataset declares, the snapshot at the end of
the day (UTC). So a table that is merged every minute keeps as much time travel as one that is merged each night, and
its metadata, which each commit reads and writes, does not grow.

The table has both numbers as Iceberg's own properties, so other engines expire by them too.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Final

from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.snapshots import Snapshot

RECENT: Final = 20
"""Number of snapshots that are always kept. A reader may use one for as long as this number of commits takes."""
_DAY: Final = timedelta(days=1)
_MILLISECOND: Final = timedelta(milliseconds=1)
_AGE: Final = "history.expire.max-snapshot-age-ms"
_NUMBER: Final = "history.expire.min-snapshots-to-keep"


def retention_properties(days: int) -> dict[str, str]:
    """Return the properties of a table that keeps its state at the end of each of the last days."""
    return {_AGE: str(days * _DAY // _MILLISECOND), _NUMBER: str(RECENT)}


def expired_snapshots(metadata: TableMetadata, now: datetime) -> list[int]:
    """Return the ids of snapshots that are no longer kept, oldest first.

    A snapshot with a branch or a tag is kept. A table without the properties of `retention_properties` keeps all.

    Args:
        metadata: the table's metadata.
        now: the present time, with time zone.
    """
    age, number = metadata.properties.get(_AGE), metadata.properties.get(_NUMBER)
    if age is None or number is None:
        return []
    ordered = sorted(metadata.snapshots, key=lambda each: each.sequence_number or 0)
    kept = {reference.snapshot_id for reference in metadata.refs.values()}
    kept |= {each.snapshot_id for each in ordered[max(0, len(ordered) - int(number)) :]}
    became_current = _became_current(metadata)
    for end in _ends_of_days(now, int(age) * _MILLISECOND // _DAY):
        before = _at(became_current, end)
        if before is not None:
            kept.add(before)
    return [each.snapshot_id for each in ordered if each.snapshot_id not in kept]


def snapshot_at(metadata: TableMetadata, moment: datetime) -> Snapshot | None:
    """Return the latest kept snapshot that was current at or before a moment; None if no such snapshot is kept."""
    found = _at(_became_current(metadata), moment)
    return None if found is None else metadata.snapshot_by_id(found)


def _became_current(metadata: TableMetadata) -> list[tuple[int, int]]:
    """Return when each kept snapshot became current: milliseconds since 1970 and id, in order of time."""
    # The log also contains rollbacks. Some engines delete the log's beginning when they expire snapshots.
    kept = {each.snapshot_id for each in metadata.snapshots}
    logged = {(entry.timestamp_ms, entry.snapshot_id) for entry in metadata.snapshot_log if entry.snapshot_id in kept}
    return sorted(logged | {(each.timestamp_ms, each.snapshot_id) for each in metadata.snapshots})


def _at(became_current: Sequence[tuple[int, int]], moment: datetime) -> int | None:
    later = bisect_right(became_current, int(moment.timestamp() * 1000), key=lambda each: each[0])
    return became_current[later - 1][1] if later else None


def _ends_of_days(now: datetime, days: int) -> Iterator[datetime]:
    """Yield the last millisecond of each of the days before today."""
    today = datetime.combine(now.astimezone(UTC).date(), time.min, UTC)
    return (today - number * _DAY - _MILLISECOND for number in range(days))
