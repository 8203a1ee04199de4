"""Finds the rows of an object that share their hash with another row, in shares of hashes that fit into memory."""

from collections.abc import Iterator, Sequence
from typing import Final

import polars as pl

from lake.threads import worked_ahead
from processing.checking.spill import Part

PART: Final = "_part"
"""Number of the part that holds a row."""
NUMBER: Final = "_number"
"""Number of a row within its part."""
HASHES_AT_ONCE: Final = 16_000_000
"""Each hash has 8 bytes, and sorting needs them twice."""


def repeated_rows(parts: Sequence[Part]) -> Iterator[pl.DataFrame]:
    """Return PART and NUMBER of the rows whose hash occurs again in any part."""
    shares = 1 + sum(part.height for part in parts) // HASHES_AT_ONCE
    for share in range(shares):
        repeated = _repeated_hashes(parts, share, shares)
        if repeated.is_empty():
            continue
        for part, numbers in worked_ahead(lambda part: (part, _numbers(part, repeated)), parts):  # noqa: B023 - used up in this turn
            if len(numbers):
                yield pl.DataFrame({NUMBER: numbers}).select(pl.lit(part.number, pl.UInt32).alias(PART), NUMBER)


def _repeated_hashes(parts: Sequence[Part], share: int, shares: int) -> pl.Series:
    """Return the hashes of a share that occur more than once in all parts."""

    def of_share(part: Part) -> pl.Series:
        hashes = part.hashes()
        return hashes if shares == 1 else hashes.filter(hashes % shares == share)

    hashes = pl.concat([pl.Series(dtype=pl.UInt64), *worked_ahead(of_share, parts)]).sort()
    return hashes.filter(hashes == hashes.shift(1)).unique()


def _numbers(part: Part, hashes: pl.Series) -> pl.Series:
    return part.hashes().is_in(hashes.implode()).arg_true()
