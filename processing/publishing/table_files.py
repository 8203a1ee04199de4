"""The files of a table's snapshot, from its manifests."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from pyiceberg.manifest import DataFile, ManifestContent, ManifestEntry
from pyiceberg.table import Table
from pyiceberg.table.snapshots import Snapshot

PATH_FIELD: Final = 2147483546
"""Column id of the data file's path in a position delete file: iceberg.apache.org/spec/#reserved-field-ids."""
POSITION_FIELD: Final = 2147483545


@dataclass(frozen=True, slots=True)
class TableFile:
    """A data file of a snapshot, with the files that delete rows of it."""

    entry: ManifestEntry
    deletes: tuple[ManifestEntry, ...] = ()

    @property
    def path(self) -> str:
        """Path of the file."""
        return self.entry.data_file.file_path

    @property
    def rows(self) -> int:
        """Number of rows, including deleted ones."""
        return self.entry.data_file.record_count

    @property
    def dead(self) -> int:
        """Number of deleted rows, as far as shown by delete files for this file only."""
        return sum(each.data_file.record_count for each in self.deletes if only_data_file(each.data_file))

    @property
    def run(self) -> int:
        """Equal for files of one commit."""
        return self.entry.sequence_number or 0


def table_files(table: Table, snapshot: Snapshot | None = None) -> list[TableFile]:
    """Return the data files of a table's snapshot, by default the current one. This reads its manifests."""
    snapshot = snapshot or table.current_snapshot()
    if snapshot is None:
        return []
    data: list[ManifestEntry] = []
    deletes: list[ManifestEntry] = []
    for manifest in snapshot.manifests(table.io):
        entries = manifest.fetch_manifest_entry(table.io, discard_deleted=True)
        (data if manifest.content == ManifestContent.DATA else deletes).extend(entries)
    of_one: dict[str, list[ManifestEntry]] = {}
    of_any: list[ManifestEntry] = []
    for entry in deletes:
        path = only_data_file(entry.data_file)
        if path is None:
            of_any.append(entry)
        else:
            of_one.setdefault(path, []).append(entry)
    return [TableFile(entry, (*of_one.get(entry.data_file.file_path, ()), *_applying(of_any, entry))) for entry in data]


def only_data_file(deletes: DataFile) -> str | None:
    """Return the path of the only data file of a position delete file; None if it may cover several."""
    lower = (deletes.lower_bounds or {}).get(PATH_FIELD)
    upper = (deletes.upper_bounds or {}).get(PATH_FIELD)
    return lower.decode() if lower is not None and lower == upper else None


def _applying(deletes: Sequence[ManifestEntry], data: ManifestEntry) -> Iterator[ManifestEntry]:
    return (each for each in deletes if (each.sequence_number or 0) >= (data.sequence_number or 0))
