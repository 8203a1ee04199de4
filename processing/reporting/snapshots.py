"""The snapshots of a published table: which one counts for whom."""

from dataclasses import dataclass
from datetime import UTC, datetime

from pyiceberg.table import Table
from pyiceberg.table.snapshots import Operation, Snapshot, ancestors_of

from processing.errors import ProcessingError


class ExpiredSnapshotError(ProcessingError):
    """The snapshot of a time is no longer kept; the message names the oldest one that is."""


class MomentError(ProcessingError, ValueError):
    """A text that is neither a time nor the id of a snapshot."""


def parse_moment(text: str) -> datetime | int:
    """A time, in UTC if it has no zone, or the id of a snapshot.

    Raises:
        MomentError: it is neither.
    """
    try:
        if text.isdecimal():
            return int(text)
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise MomentError(f"{text!r} is not a time, such as 2026-11-22T05:00:00Z, or the id of a snapshot") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def kept_snapshots(table: Table) -> list[Snapshot]:
    """The table's current snapshot and those before it, as far as they are kept; the newest first."""
    return list(ancestors_of(table.current_snapshot(), table.metadata))


def time_of(snapshot: Snapshot) -> datetime:
    """When a snapshot was committed."""
    return datetime.fromtimestamp(snapshot.timestamp_ms / 1000, UTC)


@dataclass(frozen=True, slots=True)
class TableSize:
    """What a table's current snapshot says of its files."""

    bytes: int
    files: int


def size_of(table: Table) -> TableSize:
    """Size and number of the table's data files and delete files. Reads nothing."""
    snapshot = table.current_snapshot()
    summary = snapshot.summary if snapshot else None

    def total(name: str) -> int:
        return int((summary[name] if summary else None) or 0)

    return TableSize(total("total-files-size"), total("total-data-files") + total("total-delete-files"))


def deciding_snapshot(table: Table) -> int | None:
    """Id of the latest snapshot that may have other rows than the one before it; None if the table never had a row.

    Compaction replaces files and changes no row.
    """
    found: int | None = None
    for snapshot in ancestors_of(table.current_snapshot(), table.metadata):
        found = snapshot.snapshot_id
        if not _only_replaces(snapshot):
            break
        # Whoever ends a snapshot may leave its id where it is the parent. If not, a report is computed once too often.
        found = snapshot.parent_snapshot_id or found
    return found


def is_unchanged_since(table: Table, snapshot: int) -> bool:
    """Whether the table has the rows that one of its snapshots had, as far as the snapshots that are kept show it."""
    for each in kept_snapshots(table):
        if each.snapshot_id == snapshot:
            return True
        if not _only_replaces(each):
            return False
    return False


def snapshot_at(table: Table, moment: datetime) -> Snapshot | None:
    """The snapshot that was the table's current one at a time; None if the table had no rows yet.

    Raises:
        ExpiredSnapshotError: it is no longer kept.
    """
    oldest: Snapshot | None = None
    for snapshot in kept_snapshots(table):
        if time_of(snapshot) <= moment:
            return snapshot
        oldest = snapshot
    # The first snapshot of all has the number 1. Its id may be gone from the one after it.
    if oldest is None or oldest.sequence_number == 1:
        return None
    raise ExpiredSnapshotError(
        f"the snapshot of {table.name()[-1]} of {in_words(moment)} has expired; the oldest available one "
        f"is {oldest.snapshot_id} of {in_words(time_of(oldest))}"
    )


def in_words(moment: datetime) -> str:
    """A time as `--as-of` accepts it."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _only_replaces(snapshot: Snapshot) -> bool:
    return snapshot.summary is not None and snapshot.summary.operation == Operation.REPLACE
