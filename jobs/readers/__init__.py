"""Readers: from an object's bytes to records that keep their original text and line."""

from collections.abc import Iterator
from typing import BinaryIO

import polars as pl

from jobs.datasets.declaration import Dataset, StreamSource
from jobs.readers.csv_records import read_csv
from jobs.readers.ndjson_records import read_ndjson
from jobs.readers.parquet_records import read_parquet
from jobs.readers.records import DELETED, LINE, ORIGINAL, Batch, Records, RecordStream


def open_records(key: str, stream: BinaryIO, dataset: Dataset) -> RecordStream:
    """Begin to read an object's records, in the format that the extension of its key names.

    Args:
        key: the object's key or file name.
        stream: its content.
        dataset: whose columns, format and drift count.

    Raises:
        UnreadableObjectError: the object cannot be read as a whole, or its records are not the dataset's.
    """
    records = read_records(key, stream.read(), dataset)
    return RecordStream(records.header, dataset.schema.column_names(), _as_batches(records))


def read_records(key: str, content: bytes, dataset: Dataset) -> Records:
    """Read an object's records all at once.

    Raises:
        UnreadableObjectError: as `open_records`.
    """
    columns = dataset.schema.column_names()
    if key.removesuffix(".gz").endswith(".ndjson"):
        return read_ndjson(
            content, columns, dataset.source.pointers if isinstance(dataset.source, StreamSource) else {}
        )
    return (read_parquet if key.endswith(".parquet") else read_csv)(content, columns)


def _as_batches(records: Records) -> Iterator[Batch]:
    frame = records.frame.drop(ORIGINAL).insert_column(
        3, records.frame[LINE].is_in(list(records.deleted)).alias(DELETED)
    )
    originals = records.frame.select(LINE, ORIGINAL)

    def originals_of(lines: pl.Series) -> pl.Series:
        return lines.to_frame(LINE).join(originals, on=LINE, how="left", maintain_order="left")[ORIGINAL]

    yield Batch(frame, originals_of)
