"""Writes the files of a commit, from the rows that enter and leave a table."""

from collections.abc import Iterator, Mapping, Sequence

import polars as pl
from pyiceberg.io import FileIO
from pyiceberg.table import Table
from pyiceberg.table.update import TableUpdate

from processing.errors import ProcessingError
from processing.publishing import layout
from processing.publishing.columns import polars_columns
from processing.publishing.files import (
    FILE,
    POSITION,
    DataFileReader,
    completed,
    positions_in,
    write_deletes,
    write_rows,
)
from processing.publishing.manifests import Change, evolved
from processing.publishing.ranges import ORDERED, Range, ranges
from processing.publishing.table_files import TableFile, only_data_file


class LostRowsError(ProcessingError):
    """A commit would lose or double rows."""


def change_of(
    table: Table,
    files: Sequence[TableFile],
    new: pl.DataFrame,
    leaving: pl.DataFrame,
    order: Mapping[str, pl.DataType],
    updates: tuple[TableUpdate, ...] = (),
    join_up_to: int | None = None,
) -> Change:
    """Write the files of a commit by which some rows enter a table and others leave it.

    Args:
        table: the table as loaded.
        files: its data files.
        new: entering rows in stored form.
        leaving: FILE and POSITION of the leaving rows.
        order: stored columns by which the written rows are sorted.
        updates: changes of the schema, in the same commit.
        join_up_to: most rows of a run that is joined with the new rows; None for any number.
    """
    metadata = evolved(table, updates)
    positions = {str(path): rows[POSITION] for (path,), rows in leaving.group_by(FILE)}
    taken = layout.to_rewrite(files, {path: len(rows) for path, rows in positions.items()}, new.height, join_up_to)
    change = Change(updates=updates)
    rows = _Rewritten(table.io, taken, positions, polars_columns(metadata.schema()), new, order)
    change.added += write_rows(table.io, metadata, rows.frames())
    for file in taken:
        change.removed |= {file.path, *_own_deletes(file)}
    rewritten = {file.path for file in taken}
    for file in files:
        if file.path in positions and file.path not in rewritten:
            dead, replaced = _joined_deletes(table.io, file, positions[file.path])
            change.removed |= replaced
            change.added.append(write_deletes(table.io, metadata, file.path, dead))
    return change


def _own_deletes(file: TableFile) -> set[str]:
    return {each.data_file.file_path for each in file.deletes if only_data_file(each.data_file) is not None}


def _joined_deletes(io: FileIO, file: TableFile, positions: pl.Series) -> tuple[pl.Series, set[str]]:
    """Join a file's new deletes with its smaller earlier ones, as `layout` joins runs of rows.

    Returns:
        The positions, and the paths of the delete files that they replace.
    """
    dead, replaced = positions, set[str]()
    own = [each.data_file for each in file.deletes if only_data_file(each.data_file) is not None]
    for deletes in sorted(own, key=lambda each: (each.record_count, each.file_path)):
        if deletes.record_count > len(dead):
            break
        dead = pl.concat([dead, positions_in(io, deletes, file.path)])
        replaced.add(deletes.file_path)
    return dead, replaced


class _Rewritten:
    """New rows and the live rows of some files, sorted, in frames of one file each."""

    def __init__(
        self,
        io: FileIO,
        files: Sequence[TableFile],
        leaving: Mapping[str, pl.Series],
        columns: Mapping[str, pl.DataType],
        new: pl.DataFrame,
        order: Mapping[str, pl.DataType],
    ) -> None:
        self._io, self._files, self._leaving, self._order = io, files, leaving, order
        self._columns = columns
        self._bounded = [name for name, kind in order.items() if isinstance(kind, ORDERED)][:1]
        self._new = completed(new, columns)

    def frames(self) -> Iterator[pl.DataFrame]:
        """Yield the frames. Memory holds the rows of one frame and the order's columns of all.

        Raises:
            LostRowsError: a row is in none of the frames, or in two.
        """
        rows = self._new.height + sum(file.rows - file.dead for file in self._files)
        if rows <= layout.ROWS_IN_FILE:
            yield self._read(self._columns, Range(None, None))
            return
        sorted_rows = self._read(self._order, Range(None, None))
        count = sorted_rows.height
        in_files = ranges(sorted_rows, -(-count // layout.ROWS_IN_FILE))
        del sorted_rows
        written = 0
        for each in in_files:
            frame = self._read(self._columns, each)
            written += frame.height
            yield frame
        if written != count:
            raise LostRowsError(
                f"{count} rows should be rewritten, but {written} were; nothing was committed; report this"
            )

    def _read(self, columns: Mapping[str, pl.DataType], of: Range) -> pl.DataFrame:
        """Return some columns of the rows of a range, sorted."""
        frames = [self._new.select(*columns).filter(of.holds())]
        for file in self._files:
            if file.rows == file.dead + len(self._leaving.get(file.path, ())):
                continue
            with DataFileReader(self._io, file) as source:
                for group in source.groups():
                    if of.may_be_in(group.bounds(self._bounded)):
                        rows = self._without_leaving(group.read(columns), file.path)
                        frames.append(rows.select(*columns).filter(of.holds()))
        return pl.concat(frames).sort(*self._order)

    def _without_leaving(self, rows: pl.DataFrame, path: str) -> pl.DataFrame:
        leaving = self._leaving.get(path)
        return rows if leaving is None else rows.filter(~pl.col(POSITION).is_in(leaving.implode()))
