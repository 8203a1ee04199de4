"""Chooses snapshots of a published table for reports."""

from dataclasses import dataclass
from datetime import UTC, datetime

from pyiceberg.table import Table
from pyiceberg.table.snapshots import Operation, Snapshot, ancestors_of

from processing.errors import ProcessingError


class ExpiredSnapshotError(ProcessingError):
    """The snapshot of a time is no longer kept; the message names the oldest one that is."""


class MomentError(ProcessingError, ValueError):
    """The text is neither a time nor the id of a snapshot."""


def parse_moment(text: str) -> datetime | int:
    """Parse a time, in UTC by default, or the id of a snapshot.

    Raises:
        MomentError: the text is neither.
    """
    try:
        if text.isdecimal():
            return int(text)
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise MomentError(f"{text!r} is not a time, such as 2026-11-22T05:00:00Z, or the id of a snapshot") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def kept_snapshots(table: Table) -> list[Snapshot]:
    """Yield the table's current snapshot and the kept ones before it, newest first."""
    return list(ancestors_of(table.current_snapshot(), table.metadata))


def time_of(snapshot: Snapshot) -> datetime:
    """Return when a snapshot was committed."""
    return datetime.fromtimestamp(snapshot.timestamp_ms / 1000, UTC)


@dataclass(frozen=True, slots=True)
class TableSize:
    """The size of a table's current snapshot."""

    bytes: int
    files: int


def size_of(table: Table) -> TableSize:
    """Return size and number of the table's data files and delete files, without reading anything."""
    snapshot = table.current_snapshot()
    summary = snapshot.summary if snapshot else None

    def total(name: str) -> int:
        return int((summary[name] if summary else None) or 0)

    return TableSize(total("total-files-size"), total("total-data-files") + total("total-delete-files"))


def deciding_snapshot(table: Table) -> int | None:
    """Return the id of the last snapshot that may have changed rows; None if the table never had a row.

    Compaction replaces files and changes no row.
    """
    found: int | None = None
    for snapshot in ancestors_of(table.current_snapshot(), table.metadata):
        found = snapshot.snapshot_id
        if not _only_replaces(snapshot):
            break
        # A writer that expires a snapshot may leave its id as the parent. If it does not, a report is computed once too
        # often.
        found = snapshot.parent_snapshot_id or found
    return found


def is_unchanged_since(table: Table, snapshot: int) -> bool:
    """Return true if the table still has the rows of one of its snapshots, as far as the kept snapshots show."""
    for each in kept_snapshots(table):
        if each.snapshot_id == snapshot:
            return True
        if not _only_replaces(each):
            return False
    return False


def snapshot_at(table: Table, moment: datetime) -> Snapshot | None:
    """Return the snapshot that was current at a time; None if the table had no rows yet.

    Raises:
        ExpiredSnapshotError: the snapshot is no longer kept.
    """
    oldest: Snapshot | None = None
    for snapshot in kept_snapshots(table):
        if time_of(snapshot) <= moment:
            return snapshot
        oldest = snapshot
    # The very first snapshot has the number 1. Its id may be missing in the one after it.
    if oldest is None or oldest.sequence_number == 1:
        return None
    raise ExpiredSnapshotError(
        f"the snapshot of {table.name()[-1]} of {in_words(moment)} has expired; the oldest available one "
        f"is {oldest.snapshot_id} of {in_words(time_of(oldest))}"
    )


def in_words(moment: datetime) -> str:
    """Format a time as `--as-of` accepts it."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _only_replaces(snapshot: Snapshot) -> bool:
    return snapshot.summary is not None and snapshot.summary.operation == Operation.REPLACE
