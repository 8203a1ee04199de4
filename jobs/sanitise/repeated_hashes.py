"""Which rows of an object have a hash that another one has, too: found on the disk, a bucket of hashes at a time.

The leading bits of a hash choose its bucket, so rows that share a hash share a bucket, and different hashes spread
evenly. Every row is written once and read twice however many there are.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from jobs.sanitise.ahead import worked_ahead

PART: Final = "_part"
"""Number of the part that a row is in."""
NUMBER: Final = "_number"
"""Number of a row in its part."""
ROWS_AT_ONCE: Final = 2_000_000
_BUCKET_BITS: Final = 6
_HASH_BITS: Final = 64
_ROWS_TO_WAIT_FOR: Final = 1_000_000
_ROW: Final = np.dtype([("hash", np.uint64), (PART, np.uint32), (NUMBER, np.uint32)])

_Rows = np.ndarray[tuple[int], np.dtype[np.void]]


class HashBuckets:
    """The hashes of all rows of an object, in files below a folder."""

    def __init__(self, folder: Path) -> None:
        self._files = [folder / f"hashes-{bucket}" for bucket in range(1 << _BUCKET_BITS)]
        self._waiting: list[_Rows] = []

    def add(self, part: int, hashes: pl.Series) -> None:
        """Add the hashes of a part's rows, in the order of their numbers."""
        rows: _Rows = np.empty(len(hashes), _ROW)
        rows["hash"], rows[PART], rows[NUMBER] = hashes.to_numpy(), part, np.arange(len(hashes))
        self._waiting.append(rows)
        if sum(len(each) for each in self._waiting) >= _ROWS_TO_WAIT_FOR:
            self._write()

    def repeated(self) -> Iterator[pl.DataFrame]:
        """PART and NUMBER of the rows whose hash another row has, too; after it nothing can be added."""
        self._write()
        for file, hashes in worked_ahead(lambda file: (file, _repeated_hashes(file)), self._files):
            if len(hashes):
                for rows in _pieces(file):
                    found = rows[pl.Series(rows["hash"]).is_in(hashes.implode()).to_numpy()]
                    yield pl.DataFrame({PART: found[PART], NUMBER: found[NUMBER]})
            file.unlink()

    def _write(self) -> None:
        rows = np.concatenate([np.empty(0, _ROW), *self._waiting])
        buckets = (rows["hash"] >> np.uint64(_HASH_BITS - _BUCKET_BITS)).astype(np.uint8)
        ends = np.cumsum(np.bincount(buckets, minlength=len(self._files)))
        rows = rows[np.argsort(buckets, kind="stable")]
        for path, of_bucket in zip(self._files, np.split(rows, ends[:-1]), strict=True):
            with path.open("ab") as file:
                file.write(of_bucket.tobytes())
        self._waiting = []


def _repeated_hashes(file: Path) -> pl.Series:
    """The hashes that are more than once in a bucket. Of one that very many rows have, no piece keeps more than one."""
    seen = repeated = np.empty(0, np.uint64)
    for rows in _pieces(file):
        hashes = np.sort(np.concatenate([seen, rows["hash"]]))
        is_repeated = hashes[1:] == hashes[:-1]
        repeated = np.unique(np.concatenate([repeated, hashes[1:][is_repeated]]))
        seen = np.concatenate([hashes[:1], hashes[1:][~is_repeated]])
    return pl.Series(repeated)


def _pieces(file: Path) -> Iterator[_Rows]:
    with file.open("rb") as opened:
        while len(rows := np.fromfile(opened, _ROW, ROWS_AT_ONCE)):
            yield rows
