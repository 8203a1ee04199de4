"""Finds an object's duplicates and the different rows that share a key, across all of its batches.

A row's 64-bit hash represents its key while hashes that occur only once are excluded. The remaining rows are compared
by value, so rows whose hashes agree by chance are told apart. Memory is bounded for any object: hashes and rows are
processed in shares, and the result is one bit for each row.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import polars as pl

from lake.threads import worked_ahead
from processing.checking.batch_check import TEXT
from processing.checking.repeated_hashes import NUMBER, PART, repeated_rows
from processing.checking.spill import Part, Spill
from processing.declaring.dataset import Dataset
from processing.readers.json_text import canonical

ROWS_AT_ONCE: Final = 500_000
_KEY_HASH: Final = "_key_hash"
_ROW_HASH: Final = "_row_hash"
_REFUSED: Final = "_refused"
"""True for each row that breaks a rule about a single row."""


class _Marks:
    """A set of rows, stored as one bit for each row of the parts concerned."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self._parts = parts
        self._of_part: dict[int, pl.Series] = {}

    def add(self, rows: pl.DataFrame) -> None:
        """Add rows, given by PART and NUMBER."""
        for (number,), of_part in rows.group_by(PART):
            marks = self.of(self._parts[number])
            self._of_part[number] = marks.scatter(of_part[NUMBER], values=True)

    def of(self, part: Part) -> pl.Series:
        """Return true for each row of a part that is in the set."""
        marks = self._of_part.get(part.number)
        return pl.repeat(value=False, n=part.height, eager=True) if marks is None else marks

    def without(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return the rows that are not in the set, in their order."""
        if rows.is_empty():
            return rows
        kept = [
            of_part.filter(~self.of(self._parts[number])[of_part[NUMBER]])
            for (number,), of_part in rows.group_by(PART, maintain_order=True)
        ]
        return pl.concat(kept)


class Uniqueness:
    """Decides which rows are duplicates and which are refused because of their key. This needs all rows of the object.

    Args:
        spill: the rows.
        dataset: its primary key, the columns that may differ between repeats, the JSON columns (whose texts are equal
            if they are equal as JSON), and the order of receipt. With such an order, the first row of a key is kept,
            among the rows that break no other rule: a row that is refused anyway excludes no other row.
        folder: for temporary files.
    """

    def __init__(self, spill: Spill, dataset: Dataset, folder: Path) -> None:
        self._key = dataset.schema.primary_key()
        self._order = [_REFUSED, *dataset.receipt_order, PART, NUMBER] if dataset.receipt_order else []
        self._duplicates, self._contested = _Marks(spill.parts), _Marks(spill.parts)
        candidates = _Candidates(spill, dataset, folder)
        self._find_duplicates(candidates)
        self._find_contested(candidates)

    def duplicates(self, part: Part) -> pl.Series:
        """Return true for each row of a part that equals another, kept row of the object in all values that count."""
        return self._duplicates.of(part)

    def contested(self, part: Part) -> pl.Series:
        """Return true for each row of a part that is refused because a different row has the same key."""
        return self._contested.of(part)

    def _find_duplicates(self, candidates: "_Candidates") -> None:
        values = candidates.values
        for share in candidates.shares(_ROW_HASH):
            firsts: pl.DataFrame | None = None
            for chunk in share:
                rows = self._ordered(chunk if firsts is None else pl.concat([firsts, chunk]))
                is_first = rows.select(pl.struct(values).is_first_distinct()).to_series()
                self._duplicates.add(rows.filter(~is_first))
                firsts = rows.filter(is_first)

    def _find_contested(self, candidates: "_Candidates") -> None:
        # Two missing keys are not equal.
        may_own = pl.all_horizontal(pl.col(name).is_not_null() for name in self._key)
        if self._order:
            may_own &= ~pl.col(_REFUSED)
        columns = dict.fromkeys((*self._key, *self._order, PART, NUMBER))
        for share in candidates.shares(_KEY_HASH):
            owners: pl.DataFrame | None = None
            for chunk in share:
                distinct = self._duplicates.without(chunk.filter(may_own).select(*columns))
                rows = self._ordered(distinct if owners is None else pl.concat([owners, distinct]))
                keys = rows.select(
                    shared=pl.struct(self._key).is_duplicated(), first=pl.struct(self._key).is_first_distinct()
                )
                self._contested.add(rows.filter(~keys["first"] if self._order else keys["shared"]))
                owners = rows.filter(keys["first"])

    def _ordered(self, rows: pl.DataFrame) -> pl.DataFrame:
        return rows.sort(self._order) if self._order else rows


class _Candidates:
    """Yield the rows that share their hash with others, in chunks from the disk and in the object's order."""

    def __init__(self, spill: Spill, dataset: Dataset, folder: Path) -> None:
        self._key = dataset.schema.primary_key()
        self._json_columns = dataset.json_columns
        repeats_differ_in = dataset.repeats_differ_in
        self._uncompared = {*repeats_differ_in, *(f"{TEXT}{name}" for name in repeats_differ_in)}
        self._chunks: list[Path] = []
        self._height = 0
        self.values: Sequence[str] = ()
        """Return the columns by which rows are compared."""
        for chunk in _coalesced(self._find(spill)):
            self._chunks.append(folder / f"candidates-{len(self._chunks)}.arrow")
            self._height += chunk.height
            chunk.write_ipc(self._chunks[-1])

    def shares(self, hash_column: str) -> Iterator[Iterator[pl.DataFrame]]:
        """Yield all candidates in shares that fit into memory. Rows with the same hash are in the same share."""
        shares = 1 + self._height // ROWS_AT_ONCE
        for share in range(shares):
            yield _coalesced(pl.read_ipc(chunk).filter(pl.col(hash_column) % shares == share) for chunk in self._chunks)

    def _find(self, spill: Spill) -> Iterator[pl.DataFrame]:
        repeated = _Marks(spill.parts)
        for found in _coalesced(repeated_rows(spill.parts)):
            repeated.add(found)
        numbered = ((part, repeated.of(part).arg_true()) for part in spill.parts)
        found = ((part, numbers) for part, numbers in numbered if len(numbers))
        for part, numbers, rows in worked_ahead(lambda each: (*each, each[0].values(each[1])), found):
            self.values = [name for name in rows.columns if name not in self._uncompared]
            yield rows.with_columns(_canonical(rows[name]) for name in self._json_columns).with_columns(
                pl.lit(part.number).alias(PART),
                numbers.alias(NUMBER),
                (numbers >= part.clean_height).alias(_REFUSED),
                pl.struct(self._key).hash().alias(_KEY_HASH),
                pl.struct(self.values).hash().alias(_ROW_HASH),
            )


def _canonical(texts: pl.Series) -> pl.Series:
    return pl.Series(texts.name, [text and canonical(text) for text in texts], dtype=pl.String)


def _coalesced(frames: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """Return the same rows in fewer frames."""
    waiting: list[pl.DataFrame] = []
    for frame in frames:
        waiting.append(frame)
        if sum(each.height for each in waiting) >= ROWS_AT_ONCE:
            yield pl.concat(waiting)
            waiting = []
    if waiting:
        yield pl.concat(waiting)
