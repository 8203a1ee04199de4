"""Replaces all rows of a dataset's published tables by the rows computed from its history."""

import tempfile
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

from pyiceberg.manifest import DataFile
from pyiceberg.table import Table
from pyiceberg.table.metadata import TableMetadata

from processing.publishing.columns import polars_columns
from processing.publishing.commit import CommitConflictError, commit
from processing.publishing.current import CurrentRows
from processing.publishing.files import write_rows
from processing.publishing.history import History
from processing.publishing.manifests import Change, evolved
from processing.publishing.merge import ATTEMPTS, BusyTableError
from processing.publishing.table_files import table_files
from processing.publishing.tables import Published
from processing.storage.store import Store

Writing = Callable[[Mapping[bool, Table], Mapping[bool, TableMetadata]], Iterator[tuple[bool, list[DataFile]]]]
"""Writes the rows of both tables, the deleted rows (True) first. It receives the tables as loaded, and their future
metadata. One table is committed before the rows of the next are requested."""


def rebuild(published: Published, store: Store, run_id: str = "") -> None:
    """Write both tables again from all history files, with the key, order and types declared now.

    Each table is replaced in one commit, so its readers see either the old rows or the new ones. The whole history is
    read once and divided on the local disk, so memory holds the rows of at most one file.

    Raises:
        BusyTableError: other writers changed the tables during every attempt.
    """
    replace_rows(published, partial(_by_polars, published, store), run_id)


def replace_rows(published: Published, writing: Writing, run_id: str) -> None:
    """Replace all rows of both tables.

    Raises:
        BusyTableError: other writers changed the tables during every attempt.
    """
    for _ in range(ATTEMPTS):
        try:
            _replace(published, writing, run_id)
        except CommitConflictError:
            continue
        return
    raise BusyTableError(
        f"{published.dataset.name}: other writers changed its tables during all {ATTEMPTS} attempts; rebuild them again"
    )


def _replace(published: Published, writing: Writing, run_id: str) -> None:
    # The tables are loaded before history is read, so any merge from now on is a conflict.
    tables = {deleted: published.load(published.deleted if deleted else published.live) for deleted in (True, False)}
    updates = {deleted: published.redefinition(table) for deleted, table in tables.items()}
    metadata = {deleted: evolved(table, updates[deleted]) for deleted, table in tables.items()}
    for deleted, added in writing(tables, metadata):
        table = tables[deleted]
        removed = {
            path
            for file in table_files(table)
            for path in (file.path, *(each.data_file.file_path for each in file.deletes))
        }
        if deleted:
            # A run killed between the two commits leaves tables that belong to different histories.
            commit(tables[False], Change(updates=published.beginning_of_rebuild()), {})
        commit(table, Change(added, removed, updates[deleted]), {"data-platform.run": run_id})


def _by_polars(
    published: Published, store: Store, tables: Mapping[bool, Table], metadata: Mapping[bool, TableMetadata]
) -> Iterator[tuple[bool, list[DataFile]]]:
    columns = {name: kind for each in metadata.values() for name, kind in polars_columns(each.schema()).items()}
    with tempfile.TemporaryDirectory(prefix="rebuild-") as folder:
        rows = CurrentRows(History(store, published.dataset, columns), published.order, Path(folder))
        for deleted, table in tables.items():
            yield deleted, write_rows(table.io, metadata[deleted], rows.frames(deleted=deleted))
