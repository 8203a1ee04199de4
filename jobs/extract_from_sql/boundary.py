"""Rows that the next range meets again, since a range begins where the last one ended, or a lag before that.

Of each such row a digest of its key and content is kept. What has the digest of a row that was extracted is that row
and is left out; a row that changed has another one. More rows than are kept cost a second copy of each, never a row.
"""

import hashlib
from collections.abc import Callable
from typing import Final

import polars as pl
import pyarrow as pa

from jobs.extract_from_sql.arrow import Array, Batch, DataType, Field, Scalar, compute
from processing.readers.parquet_records import as_json

DIGEST_BYTES: Final = 16
# 160 kB: with it the ledger's item stays well below DynamoDB's limit of 400.
MAXIMUM_ROWS: Final = 10_000


class Boundary:
    """Recognises rows of the last range, and remembers those of this one.

    Args:
        column: the watermark column's field in the batches.
        known: digests of the last range's rows, as `remembered` gave them.
        until: the last range's end; rows up to it may be known.
        start: where the next range will begin; rows from it on are remembered.
    """

    def __init__(self, column: Field, known: bytes | None, until: str | None, start: str | None) -> None:
        self._column = column.name
        self._until = _scalar(until, column.type)
        self._start = _scalar(start, column.type)
        digests = known or b""
        self._known = {digests[at : at + DIGEST_BYTES] for at in range(0, len(digests), DIGEST_BYTES)}
        self._seen: set[bytes] | None = set()

    def fresh(self, batch: Batch) -> Batch:
        """The rows of a batch that the last range did not have."""
        watermark = batch.column(self._column)
        without = compute.is_null(watermark)
        if self._seen is not None:
            self._remember(batch.filter(compute.or_(without, _compare(compute.greater_equal, watermark, self._start))))
        if not self._known:
            return batch
        candidates = compute.or_(without, _compare(compute.less_equal, watermark, self._until))
        digests = iter(_digests(batch.filter(candidates)))
        is_fresh = [not (candidate and next(digests) in self._known) for candidate in candidates.to_pylist()]
        return batch.filter(pa.array(is_fresh, pa.bool_()))

    @property
    def remembered(self) -> bytes | None:
        """Digests for the next range; None if there are too many."""
        return None if self._seen is None else b"".join(sorted(self._seen))

    def _remember(self, rows: Batch) -> None:
        if self._seen is None or rows.num_rows + len(self._seen) > MAXIMUM_ROWS:
            self._seen = None
        else:
            self._seen.update(_digests(rows))


def _digests(rows: Batch) -> list[bytes]:
    frame = pl.DataFrame(rows)
    texts = frame.select(as_json(frame.schema)).to_series()
    return [hashlib.blake2b(text.encode(), digest_size=DIGEST_BYTES).digest() for text in texts]


def _scalar(text: str | None, kind: DataType) -> Scalar:
    return None if text is None else pa.scalar(text).cast(kind)


def _compare(comparison: Callable[[Array, Scalar], Array], watermark: Array, bound: Scalar) -> Array:
    if bound is None:
        return pa.array([False] * len(watermark))
    return compute.fill_null(comparison(watermark, bound), fill_value=False)
