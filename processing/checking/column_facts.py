"""Counts missing values and estimates distinct values for each column of an object's clean rows.

The estimate uses the smallest hashes: if a column has n distinct values, their hashes are spread evenly over all 64-bit
numbers, and the k-th smallest hash is about k / n of the largest number (Bar-Yossef et al. 2002, "Counting Distinct
Elements in a Data Stream"). Up to k distinct values, the count is exact.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import polars as pl

from lake.warehouse_metadata import DISTINCT_ROWS, ColumnFacts

KEPT: Final = 1024
"""Hashes kept for each column. The standard error of the estimate is one over the square root of this number, 3 %."""
_FIRST_ROWS: Final = 16 * KEPT
_SEED: Final = 20261129
_HASHES: Final = 2**64


class FactsOfColumns:
    """Collects the facts while rows pass through.

    Args:
        columns: names of the columns.
    """

    def __init__(self, columns: Iterable[str]) -> None:
        self._sketches = {name: _Sketch() for name in columns}

    def counted(self, frames: Iterable[pl.DataFrame]) -> Iterator[pl.DataFrame]:
        """Yield the same frames. A column that a frame does not have counts as missing in all of its rows."""
        rows_left = DISTINCT_ROWS
        for frame in frames:
            for name, sketch in self._sketches.items():
                if name in frame.columns:
                    sketch.add(frame[name], rows_left)
                else:
                    sketch.nulls += frame.height
            rows_left = max(0, rows_left - frame.height)
            yield frame

    def facts(self) -> Mapping[str, ColumnFacts]:
        """Return the facts about the rows that have passed so far."""
        return {name: ColumnFacts(sketch.nulls, sketch.distinct) for name, sketch in self._sketches.items()}


class _Sketch:
    """Missing values and smallest hashes of one column."""

    def __init__(self) -> None:
        self.nulls = 0
        self._smallest = pl.Series(dtype=pl.UInt64)
        """Distinct hashes in ascending order, at most the number kept."""

    def add(self, values: pl.Series, rows: int) -> None:
        """Count missing values in all rows, and estimate distinct values from the first rows."""
        self.nulls += values.null_count()
        if not rows:
            return
        hashes = values.head(rows).drop_nulls().hash(_SEED)
        if len(self._smallest) < KEPT:
            # The smallest hashes of a few rows exclude most of the others.
            self._keep(hashes.head(_FIRST_ROWS))
            hashes = hashes.slice(_FIRST_ROWS)
        self._keep(hashes)

    def _keep(self, hashes: pl.Series) -> None:
        if len(self._smallest) == KEPT:
            hashes = hashes.filter(hashes < self._smallest[-1])
        elif len(self._smallest):
            # Faster than unique: in a column with few distinct values, almost every value is already known.
            hashes = hashes.filter(~hashes.is_in(self._smallest.implode()))
        if len(hashes):
            self._smallest = pl.concat([self._smallest, hashes.unique()]).unique().sort().head(KEPT)

    @property
    def distinct(self) -> int:
        if len(self._smallest) < KEPT:
            return len(self._smallest)
        return round((KEPT - 1) * _HASHES / self._smallest[-1])
