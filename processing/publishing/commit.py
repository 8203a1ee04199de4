"""One commit of data files and position deletes to an Iceberg table: the one module that knows pyiceberg's manifests.

pyiceberg itself writes no position deletes. Its own commits are also not used because a lost answer of Glue can make it
delete the manifest list that is then current. Here a commit deletes nothing: what is not referenced any more is removed
by the maintenance alone.
"""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from pyiceberg.exceptions import CommitFailedException
from pyiceberg.manifest import (
    DataFile,
    DataFileContent,
    ManifestContent,
    ManifestEntry,
    ManifestEntryStatus,
    ManifestFile,
    ManifestWriter,
    ManifestWriterV2,
    write_manifest_list,
)
from pyiceberg.partitioning import UNPARTITIONED_PARTITION_SPEC, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.table import Table
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.refs import MAIN_BRANCH, SnapshotRefType
from pyiceberg.table.snapshots import (
    Operation,
    Snapshot,
    SnapshotSummaryCollector,
    Summary,
    update_snapshot_summaries,
)
from pyiceberg.table.update import (
    AddSnapshotUpdate,
    AssertCurrentSchemaId,
    AssertRefSnapshotId,
    AssertTableUUID,
    RemoveSnapshotsUpdate,
    SetSnapshotRefUpdate,
    TableRequirement,
    TableUpdate,
    update_table_metadata,
)

from processing.errors import ProcessingError
from processing.publishing.snapshots import expired_snapshots

FORMAT_VERSION: Final = 2
MOST_ENTRIES: Final = 500
"""Files in a manifest that is still written again with added files. A merge and a reader read all manifests, so there
are to be few of them, and a commit is to write little."""
_CODEC: Final = "deflate"


class CommitConflictError(ProcessingError):
    """The table was changed since it was loaded; the merge starts again from the load."""


@dataclass(slots=True)
class Change:
    """What a commit does to a table's files."""

    added: list[DataFile] = field(default_factory=list[DataFile])
    """Data files and position delete files, written already."""
    removed: set[str] = field(default_factory=set[str])
    """Paths of data files and delete files that the table has no longer."""
    updates: tuple[TableUpdate, ...] = ()
    """Of the schema or the properties, in the same commit."""

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.updates)


def commit(table: Table, change: Change, properties: Mapping[str, str]) -> int:
    """Commit a change to the table as it was loaded.

    Args:
        table: the table that the change was computed from.
        change: what is added and removed.
        properties: of the snapshot, for people.

    Returns:
        Id of the table's current snapshot.

    Raises:
        CommitConflictError: the table was changed since it was loaded. Nothing was committed.
    """
    if change.added or change.removed:
        return _commit_snapshot(table, change, properties)
    _send(table, _as_loaded(table), change.updates, None)
    parent = table.current_snapshot()
    return parent.snapshot_id if parent else -1


def fence_commit(table: Table) -> None:
    """Commit a snapshot without a change, so that every other commit to the table as it was loaded is a conflict.

    Raises:
        CommitConflictError: the table was changed since it was loaded. Nothing was committed.
    """
    _commit_snapshot(table, Change(), {})


def _commit_snapshot(table: Table, change: Change, properties: Mapping[str, str]) -> int:
    snapshot = _SnapshotWriter(table, change, properties).write()
    updates: tuple[TableUpdate, ...] = (
        *change.updates,
        AddSnapshotUpdate(snapshot=snapshot),
        SetSnapshotRefUpdate.model_validate(
            {"ref-name": MAIN_BRANCH, "type": SnapshotRefType.BRANCH, "snapshot-id": snapshot.snapshot_id}
        ),
        *expiry(evolved(table, change.updates)),
    )
    _send(table, _as_loaded(table), updates, snapshot.snapshot_id)
    return snapshot.snapshot_id


def _as_loaded(table: Table) -> tuple[TableRequirement, ...]:
    """What has to be so in the catalogue as the table was loaded."""
    parent = table.current_snapshot()
    # By the names of the specification: the type checker does not know pyiceberg's own.
    return (
        AssertTableUUID(uuid=table.metadata.table_uuid),
        AssertRefSnapshotId.model_validate({"ref": MAIN_BRANCH, "snapshot-id": parent.snapshot_id if parent else None}),
        AssertCurrentSchemaId.model_validate({"current-schema-id": table.metadata.current_schema_id}),
    )


def _send(
    table: Table, requirements: tuple[TableRequirement, ...], updates: tuple[TableUpdate, ...], snapshot: int | None
) -> None:
    """Ask the catalogue for the change. Whatever it answers, what it stores decides: an answer can be lost."""
    try:
        table.catalog.commit_table(table, requirements, updates)
    except Exception as error:
        stored = table.catalog.load_table(table.name())
        if snapshot is not None and stored.metadata.snapshot_by_id(snapshot) is not None:
            return
        # A snapshot that another writer expired cannot be expired once more: pyiceberg raises a plain ValueError.
        changed = isinstance(error, ValueError) and stored.metadata_location != table.metadata_location
        if changed or isinstance(error, CommitFailedException):
            raise CommitConflictError(f"{'.'.join(table.name())} changed during the commit: {error}") from error
        raise


def expire(table: Table) -> int:
    """Drop the snapshots that the table no longer keeps. Their files stay until the maintenance deletes them.

    Returns:
        Number of snapshots.

    Raises:
        CommitConflictError: the table was changed since it was loaded. Nothing was committed.
    """
    updates = expiry(table.metadata)
    if updates:
        _send(table, _as_loaded(table), updates, None)
    return sum(len(update.snapshot_ids) for update in updates)


def expiry(metadata: TableMetadata) -> tuple[RemoveSnapshotsUpdate, ...]:
    """The change of a table's metadata that drops the snapshots that it no longer keeps; empty if it keeps all."""
    expired = expired_snapshots(metadata, datetime.now(UTC))
    return (RemoveSnapshotsUpdate.model_validate({"snapshot-ids": expired}),) if expired else ()


def evolved(table: Table, updates: tuple[TableUpdate, ...]) -> TableMetadata:
    """A table's metadata as a commit of some updates will make it."""
    return update_table_metadata(table.metadata, updates)


class _SnapshotWriter:
    """Writes a snapshot's manifests and their list."""

    def __init__(self, table: Table, change: Change, properties: Mapping[str, str]) -> None:
        self._table, self._change, self._properties = table, change, properties
        self._metadata = evolved(table, change.updates)
        self._schema = self._metadata.schema()
        self._id = table.metadata.new_snapshot_id()
        self._name = uuid.uuid4()
        self._number = 0
        self._summary = SnapshotSummaryCollector()

    def write(self) -> Snapshot:
        """Write them; nothing is committed."""
        metadata, io = self._metadata, self._table.io
        parent = self._table.current_snapshot()
        before = parent.manifests(io) if parent else []
        manifests = [
            manifest
            for content in (ManifestContent.DATA, ManifestContent.DELETES)
            for manifest in self._manifests(content, [each for each in before if each.content == content])
        ]
        path = self._path(f"snap-{self._id}-0-{self._name}.avro")
        number = metadata.next_sequence_number()
        with write_manifest_list(
            FORMAT_VERSION,
            io.new_output(path),
            self._id,
            parent.snapshot_id if parent else None,
            number,
            _CODEC,
        ) as writer:
            writer.add_manifests(manifests)
        return Snapshot.model_validate(
            {
                "snapshot-id": self._id,
                "parent-snapshot-id": parent.snapshot_id if parent else None,
                "manifest-list": path,
                "sequence-number": number,
                "summary": self._described(parent),
                "schema-id": metadata.current_schema_id,
            }
        )

    def _described(self, parent: Snapshot | None) -> Summary:
        summary = Summary(operation=Operation.OVERWRITE, **self._summary.build(), **self._properties)
        return update_snapshot_summaries(summary, parent.summary if parent else None)

    def _manifests(self, content: ManifestContent, before: Sequence[ManifestFile]) -> Iterator[ManifestFile]:
        """The manifests of data files or of delete files.

        The added files are listed together with those of small manifests and of manifests that lose a file; the other
        manifests stay as they are.
        """
        added = [file for file in self._change.added if _is_data(file) == (content == ManifestContent.DATA)]
        live = [each for each in before if each.has_added_files() or each.has_existing_files()]
        entries = {each.manifest_path: each.fetch_manifest_entry(self._table.io, discard_deleted=True) for each in live}
        touched = {path for path, listed in entries.items() if any(self._is_removed(entry) for entry in listed)}
        if not added and not touched:
            yield from live
            return
        joined = {path for path, listed in entries.items() if path in touched or len(listed) < MOST_ENTRIES}
        yield self._written(content, added, [entry for path in joined for entry in entries[path]])
        yield from (each for each in live if each.manifest_path not in joined)

    def _written(
        self, content: ManifestContent, added: Sequence[DataFile], entries: Sequence[ManifestEntry]
    ) -> ManifestFile:
        with self._writer(content) as writer:
            for file in added:
                self._summary.add_file(file, schema=self._schema)
                writer.add(
                    ManifestEntry.from_args(
                        status=ManifestEntryStatus.ADDED, snapshot_id=self._id, sequence_number=None, data_file=file
                    )
                )
            for entry in entries:
                if self._is_removed(entry):
                    self._summary.remove_file(entry.data_file, schema=self._schema)
                    writer.delete(entry)
                else:
                    writer.existing(entry)
        return writer.to_manifest_file()

    def _is_removed(self, entry: ManifestEntry) -> bool:
        return entry.data_file.file_path in self._change.removed

    def _writer(self, content: ManifestContent) -> ManifestWriter:
        self._number += 1
        output = self._table.io.new_output(self._path(f"{self._name}-m{self._number}.avro"))
        kind = ManifestWriterV2 if content == ManifestContent.DATA else _DeletesWriter
        return kind(UNPARTITIONED_PARTITION_SPEC, self._schema, output, self._id, _CODEC)

    def _path(self, name: str) -> str:
        return self._table.location_provider().new_metadata_location(name)


class _DeletesWriter(ManifestWriterV2):
    """A manifest of delete files, which pyiceberg can read and not write."""

    def __init__(self, spec: PartitionSpec, schema: Schema, *rest: Any) -> None:  # noqa: ANN401 - as its base has them
        super().__init__(spec, schema, *rest)

    def content(self) -> ManifestContent:
        return ManifestContent.DELETES

    @property
    def _meta(self) -> dict[str, str]:
        return {**super()._meta, "content": "deletes"}


def _is_data(file: DataFile) -> bool:
    return file.content == DataFileContent.DATA
