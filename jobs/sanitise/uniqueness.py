"""Which rows of an object repeat an earlier one, and which different ones share a key: across all of its batches.

A row's 64-bit hash stands for its key until hashes that occur once are out of the question; what remains is compared
by its values, so that rows whose hashes agree by chance are told apart. Memory is bounded whatever the object is like:
hashes and rows are taken a share at a time, and a verdict is one bit per row.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import polars as pl

from jobs.sanitise.batch_check import HASH, TEXT
from jobs.sanitise.spill import Part

HASHES_AT_ONCE: Final = 16_000_000
ROWS_AT_ONCE: Final = 500_000
_PART: Final = "_part"
_NUMBER: Final = "_number"
_ROW_HASH: Final = "_row_hash"


class _Marks:
    """A set of rows: one bit for each row of the parts that it touches."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self._parts = parts
        self._of_part: dict[int, pl.Series] = {}

    def add(self, rows: pl.DataFrame) -> None:
        """Add rows by their _PART and _NUMBER."""
        for (number,), of_part in rows.group_by(_PART):
            marks = self.of(self._parts[number])
            self._of_part[number] = marks.scatter(of_part[_NUMBER], values=True)

    def of(self, part: Part) -> pl.Series:
        """Whether each row of a part is in the set."""
        marks = self._of_part.get(part.number)
        return pl.repeat(value=False, n=part.height, eager=True) if marks is None else marks

    def without(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Those rows that are not in the set, in their order."""
        if rows.is_empty():
            return rows
        kept = [
            of_part.filter(~self.of(self._parts[number])[of_part[_NUMBER]])
            for (number,), of_part in rows.group_by(_PART, maintain_order=True)
        ]
        return pl.concat(kept)


class Uniqueness:
    """The verdicts on an object's rows that need all of its rows."""

    def __init__(
        self, parts: Sequence[Part], key: Sequence[str], repeats_differ_in: Sequence[str], folder: Path
    ) -> None:
        self._key = key
        self._duplicates, self._contested = _Marks(parts), _Marks(parts)
        for repeated in _repeated_hashes(parts):
            candidates = _Candidates(parts, repeated, repeats_differ_in, folder)
            self._find_duplicates(candidates)
            self._find_contested(candidates)

    def duplicates(self, part: Part) -> pl.Series:
        """Whether each row of a part is equal, in all values that count, to an earlier row of the object."""
        return self._duplicates.of(part)

    def contested(self, part: Part) -> pl.Series:
        """Whether each row of a part has a key that another row has which differs from it."""
        return self._contested.of(part)

    def _find_duplicates(self, candidates: "_Candidates") -> None:
        values = candidates.values
        for share in candidates.shares(_ROW_HASH):
            firsts: pl.DataFrame | None = None
            for chunk in share:
                rows = chunk if firsts is None else pl.concat([firsts, chunk])
                is_first = rows.select(pl.struct(values).is_first_distinct()).to_series()
                self._duplicates.add(rows.filter(~is_first))
                firsts = rows.filter(is_first)

    def _find_contested(self, candidates: "_Candidates") -> None:
        whole = pl.all_horizontal(pl.col(name).is_not_null() for name in self._key)
        for share in candidates.shares(HASH):
            owners: pl.DataFrame | None = None
            for chunk in share:
                # Missing keys are no equal keys.
                distinct = self._duplicates.without(chunk.filter(whole).select(*self._key, _PART, _NUMBER))
                rows = distinct if owners is None else pl.concat([owners, distinct])
                keys = rows.select(
                    shared=pl.struct(self._key).is_duplicated(), first=pl.struct(self._key).is_first_distinct()
                )
                self._contested.add(rows.filter(keys["shared"]))
                owners = rows.filter(keys["first"])


def _repeated_hashes(parts: Sequence[Part]) -> Iterator[pl.Series]:
    """The hashes that more than one row of the object has, a share at a time."""
    if not parts:
        return
    shares = 1 + sum(part.height for part in parts) // HASHES_AT_ONCE
    for share in range(shares):
        hashes = pl.concat([_share(part.hashes(), share, shares) for part in parts]).sort()
        repeated = hashes.filter(hashes == hashes.shift(1)).unique()
        if len(repeated):
            yield repeated


def _share(hashes: pl.Series, share: int, shares: int) -> pl.Series:
    return hashes if shares == 1 else hashes.filter(hashes % shares == share)


class _Candidates:
    """The rows that have some of the repeated hashes, on the disk in chunks, in the object's order."""

    def __init__(
        self, parts: Sequence[Part], repeated: pl.Series, repeats_differ_in: Sequence[str], folder: Path
    ) -> None:
        self._folder = folder
        self._uncompared = {HASH, *repeats_differ_in, *(f"{TEXT}{name}" for name in repeats_differ_in)}
        self._chunks: list[Path] = []
        self._height = 0
        self.values: Sequence[str] = ()
        """The columns by which rows are equal or not."""
        for chunk in _coalesced(self._find(parts, repeated)):
            self._chunks.append(folder / f"candidates-{len(self._chunks)}.arrow")
            self._height += chunk.height
            chunk.write_ipc(self._chunks[-1])

    def shares(self, hash_column: str) -> Iterator[Iterator[pl.DataFrame]]:
        """All candidates in shares that fit into memory; rows with one value of the hash are in one share."""
        shares = 1 + self._height // ROWS_AT_ONCE
        for share in range(shares):
            yield _coalesced(pl.read_ipc(chunk).filter(pl.col(hash_column) % shares == share) for chunk in self._chunks)

    def _find(self, parts: Sequence[Part], repeated: pl.Series) -> Iterator[pl.DataFrame]:
        for part in parts:
            numbers = part.hashes().is_in(repeated.implode()).arg_true()
            if len(numbers):
                rows = part.values(numbers)
                self.values = [name for name in rows.columns if name not in self._uncompared]
                yield rows.with_columns(
                    pl.lit(part.number).alias(_PART),
                    numbers.alias(_NUMBER),
                    pl.struct(self.values).hash().alias(_ROW_HASH),
                )


def _coalesced(frames: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """The same rows in fewer frames."""
    waiting: list[pl.DataFrame] = []
    for frame in frames:
        waiting.append(frame)
        if sum(each.height for each in waiting) >= ROWS_AT_ONCE:
            yield pl.concat(waiting)
            waiting = []
    if waiting:
        yield pl.concat(waiting)
