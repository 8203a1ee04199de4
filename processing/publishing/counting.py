"""Counts a table's live rows and finds their newest landing date without reading all rows."""

from collections.abc import Sequence
from datetime import date

import polars as pl
from pyiceberg.table import Table
from pyiceberg.utils.datetime import days_to_date

from processing.publishing.files import deleted_positions, file_bounds, live_rows
from processing.publishing.table_files import TableFile, only_data_file
from processing.storage.columns import LANDED_ON


def live_count(table: Table, files: Sequence[TableFile]) -> int:
    """Return the number of live rows in some files, from the manifests of files that the platform wrote."""
    return sum(file.rows - _dead(table, file) for file in files)


def newest_landing_date(table: Table, files: Sequence[TableFile]) -> date | None:
    """Return the newest landing date of the live rows in some files; None without rows.

    The files with the latest dates are read until no other file can have a later one. The manifests alone do not show
    it, because they include deleted rows.
    """
    newest: date | None = None
    latest = {file.path: _latest(table, file) for file in files}
    for file in sorted(files, key=lambda file: latest[file.path], reverse=True):
        if newest is not None and latest[file.path] <= newest:
            break
        days = [rows[LANDED_ON].max() for rows in live_rows(table.io, file, {LANDED_ON: pl.Date()})]
        newest = max((day for day in (*days, newest) if isinstance(day, date)), default=None)
    return newest


def _dead(table: Table, file: TableFile) -> int:
    if all(only_data_file(deletes.data_file) for deletes in file.deletes):
        return file.dead
    return deleted_positions(table.io, file).n_unique()


def _latest(table: Table, file: TableFile) -> date:
    bounds = file_bounds(table.schema(), file, [LANDED_ON])
    return days_to_date(bounds[LANDED_ON][1]) if LANDED_ON in bounds else date.max
