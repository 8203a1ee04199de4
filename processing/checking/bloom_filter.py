"""Remembers the hashes of an object's keys in 32 MiB, whatever their number."""

from typing import Final

import numpy as np
import polars as pl

_BITS: Final = 28
"""Binary digits of a place in the filter. After 6 million hashes, one new hash in 45 looks as if it had been seen."""
_HASH_BITS: Final = 64
_BITS_OF_BYTE: Final = 3


class BloomFilter:
    """A Bloom filter with one hash for each key: it may report a new hash as seen, but never a seen hash as new.

    Burton H. Bloom, "Space/Time Trade-offs in Hash Coding with Allowable Errors" (1970). Further hashes for each key
    would make false reports rarer, and each would cost as much time as the first.
    """

    def __init__(self) -> None:
        self._bytes = np.zeros(1 << (_BITS - _BITS_OF_BYTE), np.uint8)

    def add(self, hashes: pl.Series) -> pl.Series:
        """Add hashes.

        Args:
            hashes: 64-bit hashes.

        Returns:
            Those hashes that have perhaps been added before, and those that occur here more than once.
        """
        # In ascending order, neighbouring hashes use neighbouring bytes, which is several times as fast.
        ordered = hashes.sort().to_numpy()
        if not len(ordered):
            return hashes
        places = (ordered >> np.uint64(_HASH_BITS - _BITS)).view(np.int64)
        byte, bit = places >> _BITS_OF_BYTE, np.left_shift(np.uint8(1), (places & 7).astype(np.uint8))
        before = self._bytes[byte]
        seen = (before & bit) != 0
        seen[1:] |= ordered[1:] == ordered[:-1]
        self._bytes[byte] = before | bit
        # Of several bits of one byte, only the last has been set.
        shared = np.flatnonzero(byte[1:] == byte[:-1])
        np.bitwise_or.at(self._bytes, byte[shared], bit[shared])
        return pl.Series(ordered[seen])
