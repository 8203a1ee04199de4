"""Reads the rows of history files for merges and rebuilds, in pieces of a limited number of rows."""

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl
import pyarrow.parquet as pq

from lake.keys import warehouse_prefix
from processing.declaring.dataset import Dataset
from processing.publishing.columns import rest_column, stored, stored_columns
from processing.publishing.files import completed
from processing.readers.records import LINE
from processing.storage.columns import published_columns, warehouse_columns
from processing.storage.store import ListedObject, Store
from processing.storage.views import warehouse_rows

ROWS_AT_ONCE: Final = 500_000
"""Most rows of history files that are in memory at once and merged by one commit."""
_KEPT: Final = "_kept|"
"""Prefix of a stored column that is no longer declared. No column of a file begins with it."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Consecutive rows of a history file."""

    content: bytes
    """The whole file."""
    start: int
    """Number of the first row, from 0."""
    rows: int
    is_whole: bool
    """True if it has all rows of the file."""


def pieces(store: Store, files: Iterable[str], most: int) -> Iterator[Piece]:
    """Yield the rows of some history files, file by file, in pieces of at most so many rows. A file is read once."""
    for key in sorted(set(files)):
        content = store.read(key)
        rows: int = pq.read_metadata(io.BytesIO(content)).num_rows
        for start in range(0, rows, most):
            yield Piece(content, start, min(most, rows - start), is_whole=rows <= most)


def batches(store: Store, files: Iterable[str]) -> Iterator[Sequence[Piece]]:
    """Yield the rows of some history files in batches of at most ROWS_AT_ONCE; one empty batch if there are no rows."""
    batch: list[Piece] = []
    rows = 0
    for piece in pieces(store, files, ROWS_AT_ONCE):
        if batch and rows + piece.rows > ROWS_AT_ONCE:
            yield batch
            batch, rows = [], 0
        batch.append(piece)
        rows += piece.rows
    yield batch


class History:
    """A dataset's history files.

    Args:
        store: the lake.
        dataset: the dataset of the files.
        table: stored columns of the published table. Columns no longer declared are read too, because older files may
            have them.
    """

    def __init__(self, store: Store, dataset: Dataset, table: Mapping[str, pl.DataType]) -> None:
        self._store, self.dataset = store, dataset
        ours = stored_columns(published_columns(dataset))
        self._kept = {name: kind for name, kind in table.items() if name not in ours}

    @property
    def columns(self) -> pl.Schema:
        """Return the columns of the rows: declared columns, lineage, then kept columns."""
        kept = {f"{_KEPT}{name}": kind for name, kind in self._kept.items()}
        return pl.Schema({**warehouse_columns(self.dataset), **kept})

    def rows(self, batch: Sequence[Piece]) -> pl.DataFrame:
        """Return the rows of some pieces."""
        # One scan of many small files is much cheaper than a scan of each.
        together = [piece.content for piece in batch if piece.is_whole and not self._kept]
        frames = [warehouse_rows(together, self.dataset)] if together else []
        frames += [
            self._lazy(piece.content, piece.start, piece.rows) for piece in batch if not piece.is_whole or self._kept
        ]
        return pl.concat([pl.DataFrame(schema=self.columns), *(frame.collect() for frame in frames)])

    def files(self) -> list[ListedObject]:
        """Return all history files."""
        return [*self._store.listing(warehouse_prefix(self.dataset.name))]

    def rows_of(self, files: Iterable[str], at_once: int) -> Iterator[pl.DataFrame]:
        """Yield the rows of some history files in frames of at most so many rows."""
        return (self.rows([piece]) for piece in pieces(self._store, files, at_once))

    def rows_with(self, keys: pl.DataFrame) -> pl.DataFrame:
        """Return the rows of all history files that have one of some keys. This reads every file."""
        found = [
            self._lazy(self._store.read(key)).join(keys.lazy(), on=keys.columns, how="semi").collect()
            for key in self._store.keys(warehouse_prefix(self.dataset.name))
        ]
        return pl.concat([pl.DataFrame(schema=self.columns), *found])

    def stored(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return rows in stored form, without the mark of deleted rows."""
        ours = stored(rows, published_columns(self.dataset))
        kept = rows.select(pl.col(f"{_KEPT}{name}").alias(name) for name in self._kept)
        return ours.hstack(kept)

    def _lazy(self, content: bytes, start: int = 0, rows: int | None = None) -> pl.LazyFrame:
        declared = warehouse_rows([content], self.dataset).slice(start, rows)
        if not self._kept:
            return declared
        return pl.concat([declared, self._kept_values(content, start, rows)], how="horizontal")

    def _kept_values(self, content: bytes, start: int, rows: int | None) -> pl.LazyFrame:
        """Return the columns that are no longer declared, missing where the file lacks them."""
        present = pl.read_parquet_schema(io.BytesIO(content))
        # A stored column comes from the column of its name, or from the column whose nanoseconds it holds.
        needed = {name: kind for name, kind in present.items() if name in self._kept or rest_column(name) in self._kept}
        file = pl.scan_parquet(content).select([*needed] or [LINE]).slice(start, rows).collect()
        values = stored(file, needed) if needed else file
        return completed(values, self._kept).lazy().select(pl.all().name.prefix(_KEPT))
