"""Facts about an object's clean rows, column by column: how many values are missing, how many are different.

The different values are estimated from the smallest hashes: of a column with n different values spread over all numbers
of 64 bits, the k-th smallest hash is about k / n of the largest number (Bar-Yossef et al. 2002, "Counting Distinct
Elements in a Data Stream"). Up to k different values the count is exact.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import polars as pl

from lake.warehouse_metadata import DISTINCT_ROWS, ColumnFacts

KEPT: Final = 1024
"""Hashes kept of a column: the estimate's standard error is one over their square root, 3 %."""
_FIRST_ROWS: Final = 16 * KEPT
_SEED: Final = 20261129
_HASHES: Final = 2**64


class FactsOfColumns:
    """Sums facts up while rows pass by.

    Args:
        columns: the columns' names.
    """

    def __init__(self, columns: Iterable[str]) -> None:
        self._sketches = {name: _Sketch() for name in columns}

    def counted(self, frames: Iterable[pl.DataFrame]) -> Iterator[pl.DataFrame]:
        """The same frames. Columns that a frame does not have count as missing in all of its rows."""
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
        """The facts about what has passed by."""
        return {name: ColumnFacts(sketch.nulls, sketch.distinct) for name, sketch in self._sketches.items()}


class _Sketch:
    """One column's missing values, and its smallest hashes."""

    def __init__(self) -> None:
        self.nulls = 0
        self._smallest = pl.Series(dtype=pl.UInt64)
        """Different hashes in rising order, so many as are kept."""

    def add(self, values: pl.Series, rows: int) -> None:
        """Count the values, and estimate the different ones among the first rows."""
        self.nulls += values.null_count()
        if not rows:
            return
        hashes = values.head(rows).drop_nulls().hash(_SEED)
        if len(self._smallest) < KEPT:
            # The smallest of a few rows rule out most of the others.
            self._keep(hashes.head(_FIRST_ROWS))
            hashes = hashes.slice(_FIRST_ROWS)
        self._keep(hashes)

    def _keep(self, hashes: pl.Series) -> None:
        if len(self._smallest) == KEPT:
            hashes = hashes.filter(hashes < self._smallest[-1])
        elif len(self._smallest):
            # Faster than unique: nearly all values of a column with few different ones are known.
            hashes = hashes.filter(~hashes.is_in(self._smallest.implode()))
        if len(hashes):
            self._smallest = pl.concat([self._smallest, hashes.unique()]).unique().sort().head(KEPT)

    @property
    def distinct(self) -> int:
        if len(self._smallest) < KEPT:
            return len(self._smallest)
        return round((KEPT - 1) * _HASHES / self._smallest[-1])
