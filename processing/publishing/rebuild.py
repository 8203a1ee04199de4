"""Replace all rows of a dataset's published tables by those that its history gives."""

import tempfile
from pathlib import Path

from processing.publishing.columns import polars_columns
from processing.publishing.commit import Change, CommitConflictError, commit, evolved
from processing.publishing.current import CurrentRows
from processing.publishing.files import write_rows
from processing.publishing.history import History
from processing.publishing.merge import ATTEMPTS, BusyTableError
from processing.publishing.table_files import table_files
from processing.publishing.tables import Published
from processing.storage.store import Store


def rebuild(published: Published, store: Store, run_id: str = "") -> None:
    """Write both tables again from all history files, with the key, the order and the types that are declared now.

    Each table is replaced in one commit: its readers see the old rows or the new ones. The whole history is read, once.
    It is divided on the local disk, so that memory holds the rows of one file at most.

    Raises:
        BusyTableError: other writers changed the tables during every attempt.
    """
    for _ in range(ATTEMPTS):
        try:
            with tempfile.TemporaryDirectory(prefix="rebuild-") as folder:
                _replace(published, store, run_id, Path(folder))
        except CommitConflictError:
            continue
        return
    raise BusyTableError(
        f"{published.dataset.name}: other writers changed its tables during all {ATTEMPTS} attempts; rebuild them again"
    )


def _replace(published: Published, store: Store, run_id: str, folder: Path) -> None:
    # The tables are loaded before history is read: what is merged from here on is a conflict.
    tables = {deleted: published.load(published.deleted if deleted else published.live) for deleted in (True, False)}
    updates = {deleted: published.redefinition(table) for deleted, table in tables.items()}
    metadata = {deleted: evolved(table, updates[deleted]) for deleted, table in tables.items()}
    columns = {name: kind for each in metadata.values() for name, kind in polars_columns(each.schema()).items()}
    rows = CurrentRows(History(store, published.dataset, columns), published.order, folder)
    for deleted, table in tables.items():
        added = write_rows(table.io, metadata[deleted], rows.frames(deleted=deleted))
        removed = {
            path
            for file in table_files(table)
            for path in (file.path, *(each.data_file.file_path for each in file.deletes))
        }
        if deleted:
            # A run that is killed between the two commits leaves tables that belong to different histories.
            commit(tables[False], Change(updates=published.beginning_of_rebuild()), {})
        commit(table, Change(added, removed, updates[deleted]), {"data-platform.run": run_id})
