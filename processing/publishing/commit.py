"""Commits data files and position deletes to an Iceberg table.

pyiceberg's own commits are not used: after a lost answer from Glue, they can delete the current manifest list. A commit
here deletes nothing; only maintenance removes unreferenced files.
"""

from collections.abc import Mapping
from datetime import UTC, datetime

from pyiceberg.exceptions import CommitFailedException
from pyiceberg.table import Table
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.refs import MAIN_BRANCH
from pyiceberg.table.update import (
    AddSnapshotUpdate,
    AssertCurrentSchemaId,
    AssertRefSnapshotId,
    AssertTableUUID,
    RemoveSnapshotsUpdate,
    TableRequirement,
    TableUpdate,
)

from processing.errors import ProcessingError
from processing.publishing.manifests import Change, SnapshotWriter, becomes_current, evolved
from processing.publishing.snapshots import expired_snapshots


class CommitConflictError(ProcessingError):
    """The table has changed since it was loaded; the merge starts again from the load."""


def commit(table: Table, change: Change, properties: Mapping[str, str]) -> int:
    """Commit a change to the table as it was loaded.

    Args:
        table: the table from which the change was computed.
        change: the files to add and remove.
        properties: properties of the snapshot, for people.

    Returns:
        Id of the table's current snapshot.

    Raises:
        CommitConflictError: the table has changed since it was loaded. Nothing was committed.
    """
    if change.added or change.removed:
        return _commit_snapshot(table, change, properties)
    _send(table, _as_loaded(table), change.updates, None)
    parent = table.current_snapshot()
    return parent.snapshot_id if parent else -1


def fence_commit(table: Table) -> None:
    """Commit a snapshot without changes, so any other commit to the loaded table is a conflict.

    Raises:
        CommitConflictError: the table has changed since it was loaded. Nothing was committed.
    """
    _commit_snapshot(table, Change(), {})


def _commit_snapshot(table: Table, change: Change, properties: Mapping[str, str]) -> int:
    snapshot = SnapshotWriter(table, change, properties).write()
    updates: tuple[TableUpdate, ...] = (
        *change.updates,
        AddSnapshotUpdate(snapshot=snapshot),
        becomes_current(snapshot),
        *expiry(evolved(table, change.updates)),
    )
    _send(table, _as_loaded(table), updates, snapshot.snapshot_id)
    return snapshot.snapshot_id


def _as_loaded(table: Table) -> tuple[TableRequirement, ...]:
    """Return the requirements that the catalogue's table is still the loaded one."""
    parent = table.current_snapshot()
    # By the names in the specification, because the type checker does not know pyiceberg's own.
    return (
        AssertTableUUID(uuid=table.metadata.table_uuid),
        AssertRefSnapshotId.model_validate({"ref": MAIN_BRANCH, "snapshot-id": parent.snapshot_id if parent else None}),
        AssertCurrentSchemaId.model_validate({"current-schema-id": table.metadata.current_schema_id}),
    )


def _send(
    table: Table, requirements: tuple[TableRequirement, ...], updates: tuple[TableUpdate, ...], snapshot: int | None
) -> None:
    """Send the change to the catalogue. The stored table decides about success, because an answer can be lost."""
    try:
        table.catalog.commit_table(table, requirements, updates)
    except Exception as error:
        stored = table.catalog.load_table(table.name())
        if snapshot is not None and stored.metadata.snapshot_by_id(snapshot) is not None:
            return
        # If another writer has already expired the snapshot, pyiceberg raises a plain ValueError.
        changed = isinstance(error, ValueError) and stored.metadata_location != table.metadata_location
        if changed or isinstance(error, CommitFailedException):
            raise CommitConflictError(f"{'.'.join(table.name())} changed during the commit: {error}") from error
        raise


def expire(table: Table) -> int:
    """Drop the snapshots that the table no longer keeps. Their files stay until maintenance deletes them.

    Returns:
        Number of snapshots.

    Raises:
        CommitConflictError: the table has changed since it was loaded. Nothing was committed.
    """
    updates = expiry(table.metadata)
    if updates:
        _send(table, _as_loaded(table), updates, None)
    return sum(len(update.snapshot_ids) for update in updates)


def expiry(metadata: TableMetadata) -> tuple[RemoveSnapshotsUpdate, ...]:
    """Return the metadata change that drops expired snapshots; empty if the table keeps all."""
    expired = expired_snapshots(metadata, datetime.now(UTC))
    return (RemoveSnapshotsUpdate.model_validate({"snapshot-ids": expired}),) if expired else ()
