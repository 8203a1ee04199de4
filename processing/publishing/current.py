"""Computes the current rows of a whole history of any size, using the local disk."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import polars as pl
import pyarrow as pa

from processing.publishing import layout
from processing.publishing.change import LostRowsError
from processing.publishing.history import History
from processing.publishing.ranges import ranges
from processing.readers.records import DELETED
from processing.storage.store import MEBIBYTE
from processing.storage.views import current_rows

BYTES_IN_PART: Final = 8 * MEBIBYTE
"""Compressed size of history files with some 500,000 rows."""
_MOST_PARTS: Final = 256
"""Each part is a file that stays open while history is read."""
ROWS_IN_PIECE: Final = 250_000
_PART: Final = "_part|"
_SAMPLE: Final = 100_000
"""Number of rows from which ranges are chosen."""
_ROW_GROUP: Final = 16_384
"""Rows of a range. Each range is read from all parts."""


class CurrentRows:
    """The row that counts for each key in all history files. These are read at creation.

    Args:
        history: the history files.
        order: stored columns by which the rows are sorted.
        folder: for temporary files, about as large as the uncompressed history files.
    """

    def __init__(self, history: History, order: Mapping[str, pl.DataType], folder: Path) -> None:
        self._history, self._order, self._folder = history, order, folder
        for number, part in enumerate(self._divided()):
            self._select(pl.read_ipc(part), number)
            part.unlink()

    def frames(self, *, deleted: bool) -> Iterator[pl.DataFrame]:
        """Yield the live rows, or the deleted ones, in stored form: sorted, in frames of one file each.

        Raises:
            LostRowsError: a row is in none of the frames, or in two.
        """
        files = sorted(self._folder.glob(f"{_kind(deleted=deleted)}-*.parquet"))
        if not files:
            return
        rows = pl.scan_parquet(files)
        count: int = rows.select(pl.len()).collect().item()
        sample = rows.select(*self._order).gather_every(max(1, count // _SAMPLE)).collect().sort(*self._order)
        written = 0
        for each in ranges(sample, -(-count // layout.ROWS_IN_FILE)):
            frame = rows.filter(each.holds()).collect(engine="streaming").sort(*self._order)
            written += frame.height
            yield from frame.iter_slices(layout.ROWS_IN_FILE)
        if written != count:
            raise LostRowsError(
                f"{count} rows should be written, but {written} were; nothing was committed; report this"
            )

    def _divided(self) -> list[Path]:
        """Write all rows to files, so that all rows of a key are in one file. Return the files."""
        history = self._history.files()
        parts = min(_MOST_PARTS, 1 + sum(each.size for each in history) // BYTES_IN_PART)
        files: dict[int, Path] = {}
        writers: dict[int, pa.RecordBatchFileWriter] = {}
        part = (pl.struct(self._history.dataset.schema.primary_key()).hash() % parts).alias(_PART)
        with ExitStack() as stack:
            for rows in self._history.rows_of((each.key for each in history), ROWS_IN_PIECE):
                divided = rows.with_columns(part).partition_by(_PART, as_dict=True, include_key=False)
                for (number,), some in divided.items():
                    table = some.to_arrow(compat_level=pl.CompatLevel.oldest())
                    if number not in writers:
                        files[number] = self._folder / f"{number}.arrow"
                        options = pa.ipc.IpcWriteOptions(compression="lz4")
                        writer = pa.ipc.new_file(files[number], table.schema, options=options)
                        writers[number] = stack.enter_context(writer)
                    writers[number].write_table(table)
        return [*files.values()]

    def _select(self, rows: pl.DataFrame, number: int) -> None:
        """Keep only the rows of a part that count."""
        current = current_rows(rows.lazy(), self._history.dataset).collect()
        for deleted in (False, True):
            chosen = self._history.stored(current.filter(pl.col(DELETED) == deleted))
            if chosen.height:
                file = self._folder / f"{_kind(deleted=deleted)}-{number}.parquet"
                chosen.sort(*self._order).write_parquet(file, compression="lz4", row_group_size=_ROW_GROUP)


def _kind(*, deleted: bool) -> str:
    return "deleted" if deleted else "live"
