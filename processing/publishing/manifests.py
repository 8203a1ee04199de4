"""Writes the manifests of a commit. No other module does.

pyiceberg writes data files and metadata, but no position deletes.
"""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

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
    SetSnapshotRefUpdate,
    TableUpdate,
    update_table_metadata,
)

FORMAT_VERSION: Final = 2
MOST_ENTRIES: Final = 500
"""Files in a manifest that may still be rewritten with added files. A merge and a reader read all manifests, so there
should be few; and a commit should write little."""
_CODEC: Final = "deflate"
_NO_SNAPSHOT: Final[Mapping[str, Any]] = {
    "snapshots": [],
    "snapshot_log": [],
    "metadata_log": [],
    "statistics": [],
    "partition_statistics": [],
    "refs": {},
    "current_snapshot_id": None,
}
"""Property of a table's metadata, as named by pyiceberg."""


@dataclass(slots=True)
class Change:
    """A commit's changes to a table's files."""

    added: list[DataFile] = field(default_factory=list[DataFile])
    """Data files and position delete files that are already written."""
    removed: set[str] = field(default_factory=set[str])
    """Paths of the data files and delete files that leave the table."""
    updates: tuple[TableUpdate, ...] = ()
    """Changes of the schema or the properties, in the same commit."""

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.updates)


def evolved(table: Table, updates: tuple[TableUpdate, ...]) -> TableMetadata:
    """Return a table's metadata after a commit of some updates."""
    return update_table_metadata(table.metadata, updates)


def becomes_current(snapshot: Snapshot) -> SetSnapshotRefUpdate:
    """Return the metadata change that makes a snapshot the current one."""
    return SetSnapshotRefUpdate.model_validate(
        {"ref-name": MAIN_BRANCH, "type": SnapshotRefType.BRANCH, "snapshot-id": snapshot.snapshot_id}
    )


def holding(table: Table, metadata: TableMetadata, files: Sequence[DataFile]) -> TableMetadata:
    """Return the metadata of a table with some files and no history. This writes manifests and commits nothing.

    Args:
        table: the table in whose folder the manifests are written.
        metadata: contains the schema and the properties of the result.
        files: data files and position delete files, which other tables may share.
    """
    bare = metadata.model_copy(update=dict(_NO_SNAPSHOT))
    if not files:
        return bare
    held = Table(table.name(), bare, table.metadata_location, table.io, table.catalog)
    snapshot = SnapshotWriter(held, Change([*files]), {}).write()
    return update_table_metadata(bare, (AddSnapshotUpdate(snapshot=snapshot), becomes_current(snapshot)))


class SnapshotWriter:
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
        """Yield the manifests of data files or of delete files.

        Added files are listed together with those of small manifests and of manifests that lose a file; other manifests
        are not changed.
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
    """A manifest of delete files, which pyiceberg can read but not write."""

    def __init__(self, spec: PartitionSpec, schema: Schema, *rest: Any) -> None:  # noqa: ANN401 - as its base has them
        super().__init__(spec, schema, *rest)

    def content(self) -> ManifestContent:
        return ManifestContent.DELETES

    @property
    def _meta(self) -> dict[str, str]:
        return {**super()._meta, "content": "deletes"}


def _is_data(file: DataFile) -> bool:
    return file.content == DataFileContent.DATA
