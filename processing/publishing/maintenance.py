"""Maintains the published tables: expires snapshots and deletes files. No other code deletes files.

A file is deleted if the table's metadata does not reference it, if it is older than MINIMUM_AGE by the store's clock,
and if it is in the folder of a table in the catalogue. Compaction is part of each merge
(processing.publishing.layout).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from pyiceberg.catalog import Catalog
from pyiceberg.io import FileIO
from pyiceberg.table import Table
from pyiceberg.table.metadata import TableMetadata

from processing.errors import ProcessingError
from processing.publishing.commit import CommitConflictError, expire, expiry
from processing.publishing.manifests import evolved
from processing.publishing.table_folder import StoredFile, TableFolder

MINIMUM_AGE: Final = timedelta(days=3)
"""Age from which a file may be deleted. Files of an uncommitted run are younger, because a job runs for at most two
days."""
_METADATA: Final = ".metadata.json"


class ForeignLocationError(ProcessingError):
    """A table's files are not in the folder that maintenance may clean. The table was not changed."""


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What maintenance removed from a table, or would remove."""

    snapshots: int
    """Expired snapshots."""
    metadata_files: int
    """Earlier versions of the table's metadata."""
    orphans: int
    """Other files: of expired snapshots, and of killed or repeated merges."""
    bytes: int
    """Total size of these files."""


def clean(catalog: Catalog, database: str, name: str, folder: TableFolder, *, dry_run: bool = False) -> Cleaned:
    """Expire a table's old snapshots and delete the files that it no longer references.

    Args:
        catalog: the catalogue with the table.
        database: name of the database.
        name: name of the table.
        folder: the only folder in which files are deleted.
        dry_run: change nothing; return what would be removed.

    Raises:
        ForeignLocationError: the table is elsewhere.
        UndeletedError: some files could not be deleted.
    """
    # The clock is read before the metadata, so anything that a merge commits from now on is younger.
    oldest = folder.now() - MINIMUM_AGE
    table = catalog.load_table((database, name))
    _check_location(table, folder, name)
    updates = expiry(table.metadata)
    expired = sum(len(update.snapshot_ids) for update in updates)
    if not dry_run:
        expired = _expired(table)
        table = catalog.load_table((database, name))
        _check_location(table, folder, name)
    referenced = _referenced(table, evolved(table, updates) if dry_run else table.metadata)
    unused = list(_unused(folder, table, name, referenced, oldest))
    if not dry_run:
        folder.delete(file.address for file in unused)
    metadata_files = sum(file.address.endswith(_METADATA) for file in unused)
    return Cleaned(expired, metadata_files, len(unused) - metadata_files, sum(file.size for file in unused))


def _expired(table: Table) -> int:
    try:
        return expire(table)
    except CommitConflictError:
        # Another writer committed meanwhile, and each commit expires snapshots.
        return 0


def _check_location(table: Table, folder: TableFolder, name: str) -> None:
    wanted = f"{folder.address}/{name}"
    if table.location().rstrip("/") != wanted or not table.metadata_location.startswith(f"{wanted}/"):
        raise ForeignLocationError(
            f"{name} is at {table.location()} with its metadata at {table.metadata_location}, not in "
            f"{wanted}/; nothing of it was deleted; check the table in the Glue catalogue"
        )


def _referenced(table: Table, metadata: TableMetadata) -> set[str]:
    """Return the addresses of all files that any of a table's snapshots needs."""
    return {
        table.metadata_location,
        *(entry.metadata_file for entry in metadata.metadata_log),
        *(each.statistics_path for each in (*metadata.statistics, *metadata.partition_statistics)),
        *_files_of_snapshots(table.io, metadata),
    }


def _files_of_snapshots(io: FileIO, metadata: TableMetadata) -> Iterator[str]:
    seen = set[str]()
    for snapshot in metadata.snapshots:
        yield snapshot.manifest_list
        for manifest in snapshot.manifests(io):
            if manifest.manifest_path in seen:
                continue
            seen.add(manifest.manifest_path)
            yield manifest.manifest_path
            for entry in manifest.fetch_manifest_entry(io, discard_deleted=True):
                yield entry.data_file.file_path


def _unused(
    folder: TableFolder, table: Table, name: str, referenced: set[str], oldest: datetime
) -> Iterator[StoredFile]:
    """Return the old, unreferenced files in a table's folder.

    Raises:
        ForeignLocationError: the folder does not contain the table's metadata, so its files belong to another table.
    """
    has_metadata = False
    unused: list[StoredFile] = []
    for file in folder.files(name):
        has_metadata |= file.address == table.metadata_location
        if file.address not in referenced and file.written_at.astimezone(UTC) < oldest:
            unused.append(file)
    if not has_metadata:
        raise ForeignLocationError(
            f"{folder.address}/{name}/ does not have {table.metadata_location}, the metadata of {name}; "
            "nothing of it was deleted; check the table in the Glue catalogue"
        )
    yield from unused
