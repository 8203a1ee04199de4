"""Finds the rows whose key occurs once in an object while the object is read, so they can be written at once."""

import itertools
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import polars as pl

from lake.threads import worked_ahead
from processing.checking.batch_check import HASH, CheckedBatch
from processing.checking.bloom_filter import BloomFilter
from processing.checking.spill import Spill, compacted

ROWS_HELD: Final = 100_000
"""Rows that wait in memory for a repeat of their key. Repeats are mostly near: the sender wrote something twice."""
HASHES_AT_ONCE: Final = 1_000_000


class _Held(NamedTuple):
    batch: CheckedBatch
    repeated: pl.Series
    """Hashes that occur more than once in the object up to this batch, and others that seem to."""


class SingleKeys:
    """Divides an object's rows: those whose hash occurs once are yielded, and all others are spilled.

    A clean row is held until the following rows have been read, and then yielded if no other row read so far has its
    hash. All rows of an object with at most the held number of rows are spilled, so they keep their order.

    Args:
        spill: receives the rows that must be compared, the refused rows and the records that could not be separated.
        folder: for temporary files: 8 bytes for each row.
        rows_held: number of rows to hold, at least 1; None to spill all rows.
    """

    def __init__(self, spill: Spill, folder: Path, rows_held: int | None) -> None:
        self._spill = spill
        self._rows_held = rows_held
        self._held: deque[_Held] = deque()
        self._yielded = _Hashes(folder / "yielded.hashes")
        self._repeated = _Hashes(folder / "repeated.hashes")

    def yielded(self, batches: Iterator[CheckedBatch]) -> Iterator[pl.DataFrame]:
        """Yield the clean rows whose hash occurs once, in their order."""
        if self._rows_held is None:
            self._spill_all(batches)
            return
        first = list(_beginning(batches, self._rows_held))
        if _height(first) > self._rows_held:
            yield from self._divided(itertools.chain(first, batches), self._rows_held)
        else:
            self._spill_all(first)

    def repeat_was_missed(self) -> bool:
        """Return whether a row that was yielded shares its hash with a row that was read long after it."""
        for repeated in self._repeated:
            hashes = repeated.unique().implode()
            # The lambda is used up within this turn.
            if any(worked_ahead(lambda yielded: yielded.is_in(hashes).any(), self._yielded)):  # noqa: B023
                return True
        return False

    def _spill_all(self, batches: Iterable[CheckedBatch]) -> None:
        for batch in batches:
            self._spill.add(batch.clean, batch.refused, batch.unsplit)

    def _divided(self, batches: Iterator[CheckedBatch], rows_held: int) -> Iterator[pl.DataFrame]:
        seen = BloomFilter()
        for batch in batches:
            repeated = seen.add(batch.rows[HASH])
            self._repeated.add(repeated)
            self._held.append(_Held(batch, repeated))
            while _height(held.batch for held in self._held) - self._held[0].batch.rows.height >= rows_held:
                yield self._let_go()
        while self._held:
            yield self._let_go()

    def _let_go(self) -> pl.DataFrame:
        """Spill the oldest batch, except for the rows returned."""
        repeated = pl.concat([held.repeated for held in self._held])
        batch = self._held.popleft().batch
        is_repeated = batch.rows[HASH].is_in(repeated.implode())
        suspected = batch.rows.filter(batch.is_clean & is_repeated)
        self._spill.add(compacted(suspected), compacted(batch.refused), compacted(batch.unsplit))
        single = batch.rows.filter(batch.is_clean & ~is_repeated)
        self._yielded.add(single[HASH])
        return single


def _beginning(batches: Iterator[CheckedBatch], rows: int) -> Iterator[CheckedBatch]:
    """Yield batches until they have more rows than this."""
    height = 0
    for batch in batches:
        yield batch
        height += batch.rows.height
        if height > rows:
            return


def _height(batches: Iterable[CheckedBatch]) -> int:
    return sum(batch.rows.height for batch in batches)


class _Hashes:
    """A list of hashes on the local disk."""

    def __init__(self, file: Path) -> None:
        self._file = file
        file.touch()

    def add(self, hashes: pl.Series) -> None:
        with self._file.open("ab") as file:
            hashes.to_numpy().tofile(file)

    def __iter__(self) -> Iterator[pl.Series]:
        """Yield all hashes, in parts that fit into memory."""
        with self._file.open("rb") as file:
            while len(part := np.fromfile(file, np.uint64, HASHES_AT_ONCE)):
                yield pl.Series(part)
