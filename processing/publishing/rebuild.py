"""Replace all rows of a dataset's published tables by those that its history gives."""

import polars as pl

from lake.keys import warehouse_prefix
from processing.publishing import layout
from processing.publishing.columns import polars_columns
from processing.publishing.commit import Change, CommitConflictError, commit, evolved
from processing.publishing.files import write_rows
from processing.publishing.history import History
from processing.publishing.merge import ATTEMPTS, BusyTableError
from processing.publishing.table_files import table_files
from processing.publishing.tables import Published
from processing.readers.records import DELETED
from processing.storage.store import Store
from processing.storage.views import current_rows


def rebuild(published: Published, store: Store, run_id: str = "") -> None:
    """Write both tables again from all history files, with the key, the order and the types that are declared now.

    Each table is replaced in one commit: its readers see the old rows or the new ones. The whole history is read, and
    the current rows are held in memory.

    Raises:
        BusyTableError: other writers changed the tables during every attempt.
    """
    for _ in range(ATTEMPTS):
        try:
            for name, deleted in ((published.deleted, True), (published.live, False)):
                _replace(published, store, name, run_id, deleted=deleted)
        except CommitConflictError:
            continue
        return
    raise BusyTableError(
        f"{published.dataset.name}: other writers changed its tables during {ATTEMPTS} attempts; rebuild them again"
    )


def _replace(published: Published, store: Store, name: str, run_id: str, *, deleted: bool) -> None:
    # The table is loaded before history is read: what is merged from here on is a conflict.
    table = published.load(name)
    updates = published.redefinition(table)
    metadata = evolved(table, updates)
    history = History(store, published.dataset, polars_columns(metadata.schema()))
    rows = history.rows(store.keys(warehouse_prefix(published.dataset.name)))
    current = current_rows(rows.lazy(), published.dataset).filter(pl.col(DELETED) == deleted).collect()
    ordered = history.stored(current).sort(*published.key)
    added = write_rows(table.io, metadata, ordered.iter_slices(layout.ROWS_IN_FILE))
    removed = {
        path
        for file in table_files(table)
        for path in (file.path, *(each.data_file.file_path for each in file.deletes))
    }
    commit(table, Change(added, removed, updates), {"data-platform.run": run_id})
