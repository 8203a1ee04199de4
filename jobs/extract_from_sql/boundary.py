"""Rows that the next range meets again, since a range begins where the last one ended, or a lag before that.

Of each such row a digest of its key and content is kept. What has the digest of a row that was extracted is that row
and is left out; a row that changed has another one.

There may be more such rows than digests can be kept: a load that gives millions of rows one time. Then the digests are
added up in buckets, and the sums are kept. A bucket whose sum is the same holds the same rows, which are left out; the
rows of any other bucket are extracted again. So a run without news writes nothing, and a new row costs copies of the
few rows that share its bucket.
"""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from jobs.extract_from_sql.arrow import Array, Batch, DataType, Field, Scalar, compute
from jobs.extract_from_sql.errors import ExtractionError
from processing.readers.parquet_records import as_json

DIGEST_BYTES: Final = 16
# 160 kB: with it the ledger's item stays well below DynamoDB's limit of 400.
MAXIMUM_ROWS: Final = 10_000
_BUCKETS: Final = MAXIMUM_ROWS
_MODULUS: Final = 1 << (8 * DIGEST_BYTES)
# What is kept is sums and not digests. Its length tells the two apart as well.
_SUMS: Final = b"sums of digests:"


class Boundary:
    """Recognises rows of the last range, and remembers those of this one.

    Args:
        column: the watermark column's field in the batches.
        known: of the last range's rows, as `remembered` gave it.
        until: the last range's end; rows up to it may be known.
        start: where the next range will begin; rows from it on are remembered.
        folder: for the rows that can be judged only when all are read.

    Raises:
        ExtractionError: an end of a range is beyond what the column's parquet type holds.
    """

    def __init__(
        self, column: Field, known: bytes | None, until: str | None, start: str | None, folder: Path | None = None
    ) -> None:
        self._column = column.name
        self._until = _scalar(until, column)
        self._start = _scalar(start, column)
        kept = known or b""
        self._known_sums = _sums_of(kept)
        self._known = set() if self._known_sums else set(_split(kept))
        self._seen = _Remembered()
        self._held = _HeldRows(folder / "held.parquet") if folder is not None and self._known_sums else None

    def fresh(self, batch: Batch) -> Batch:
        """The rows of a batch that the last range certainly did not have."""
        watermark = batch.column(self._column)
        without = compute.is_null(watermark)
        self._seen.add(batch.filter(compute.or_(without, _compare(compute.greater_equal, watermark, self._start))))
        if not self._known and self._held is None:
            return batch
        candidates = compute.or_(without, _compare(compute.less_equal, watermark, self._until))
        if self._held is not None:
            self._held.add(batch.filter(candidates))
            return batch.filter(compute.invert(candidates))
        digests = iter(_digests(batch.filter(candidates)))
        is_fresh = [not (candidate and next(digests) in self._known) for candidate in candidates.to_pylist()]
        return batch.filter(pa.array(is_fresh, pa.bool_()))

    def changed(self) -> Iterator[Batch]:
        """The other rows, once all batches are read: those whose bucket is not as the last range left it."""
        if self._held is None:
            return
        for batch, buckets in self._held.batches():
            same = [self._held.sums[bucket] == self._known_sums[bucket] for bucket in buckets]
            yield batch.filter(compute.invert(pa.array(same, pa.bool_())))

    @property
    def remembered(self) -> bytes:
        """For the next range: digests, or their sums if there are too many."""
        return self._seen.kept


class _Remembered:
    """Digests of rows; beyond MAXIMUM_ROWS their sums."""

    def __init__(self) -> None:
        self._digests: list[bytes] = []
        self._sums: list[int] = []

    def add(self, rows: Batch) -> None:
        self._digests += _digests(rows)
        if len(self._digests) > MAXIMUM_ROWS and not self._sums:
            self._sums = [0] * _BUCKETS
        if self._sums:
            _add_up(self._sums, self._digests)
            self._digests.clear()

    @property
    def kept(self) -> bytes:
        if self._sums:
            return _SUMS + b"".join(each.to_bytes(DIGEST_BYTES) for each in self._sums)
        return b"".join(sorted(set(self._digests)))


class _HeldRows:
    """Rows on the disk until all of them are read, and the sums of their digests."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer: pq.ParquetWriter | None = None
        self.sums = [0] * _BUCKETS

    def add(self, rows: Batch) -> None:
        if not rows.num_rows:
            return
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._path, rows.schema)
        self._writer.write_batch(rows)
        _add_up(self.sums, _digests(rows))

    def batches(self) -> Iterator[tuple[Batch, list[int]]]:
        """The rows with their buckets."""
        if self._writer is None:
            return
        self._writer.close()
        for batch in pq.ParquetFile(self._path).iter_batches():
            yield batch, [_bucket(digest) for digest in _digests(batch)]


def _sums_of(kept: bytes) -> list[int]:
    if not kept.startswith(_SUMS) or len(kept) != len(_SUMS) + _BUCKETS * DIGEST_BYTES:
        return []
    return [int.from_bytes(each) for each in _split(kept[len(_SUMS) :])]


def _split(digests: bytes) -> list[bytes]:
    return [digests[at : at + DIGEST_BYTES] for at in range(0, len(digests), DIGEST_BYTES)]


def _add_up(sums: list[int], digests: list[bytes]) -> None:
    for digest in digests:
        bucket = _bucket(digest)
        sums[bucket] = (sums[bucket] + int.from_bytes(digest)) % _MODULUS


def _bucket(digest: bytes) -> int:
    return int.from_bytes(digest[:8]) % _BUCKETS


def _digests(rows: Batch) -> list[bytes]:
    frame = pl.DataFrame(rows)
    texts = frame.select(as_json(frame.schema)).to_series()
    return [hashlib.blake2b(text.encode(), digest_size=DIGEST_BYTES).digest() for text in texts]


def _scalar(text: str | None, column: Field) -> Scalar:
    kind: DataType = column.type
    try:
        return None if text is None else pa.scalar(text).cast(kind)
    except pa.ArrowInvalid:
        raise ExtractionError(
            f"the range of watermark {column.name!r} ends at {text}, beyond the range of {kind}; declare a "
            "smaller lag, or correct the row that has this value"
        ) from None


def _compare(comparison: Callable[[Array, Scalar], Array], watermark: Array, bound: Scalar) -> Array:
    if bound is None:
        return pa.array([False] * len(watermark))
    return compute.fill_null(comparison(watermark, bound), fill_value=False)
