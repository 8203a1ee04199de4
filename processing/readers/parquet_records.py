"""Parquet to records: what the extraction writes. A row's original text is its JSON, its line its number from 1."""

import functools
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from tempfile import _TemporaryFileWrapper  # pyright: ignore[reportPrivateUsage] - what NamedTemporaryFile gives
from typing import Final

import polars as pl

from processing.declaring.dataset import Dataset
from processing.readers.columns import Columns, agreed_columns
from processing.readers.compression import MEBIBYTE, ByteStream
from processing.readers.json_text import parse_object, text_at
from processing.readers.records import (
    DELETED,
    LINE,
    STRUCTURE_REASON,
    STRUCTURE_RULE,
    Batch,
    RecordStream,
    UnreadableObjectError,
)

_ROWS: Final = 50_000
"""Of a batch."""


def open_parquet(stream: ByteStream, dataset: Dataset) -> RecordStream:
    """Begin to read a parquet object. It is copied to the disk first, for its directory is at its end.

    Raises:
        UnreadableObjectError: the object is no parquet, its columns are not the dataset's, or one that is to be read
            holds lists or structures.
    """
    # Closed where its rows end, or with the generator that holds it.
    copy = tempfile.NamedTemporaryFile(suffix=".parquet")  # noqa: SIM115 - it outlives this function
    try:
        while piece := stream.read(MEBIBYTE):
            copy.write(piece)
        copy.flush()
        schema = pl.Schema(pl.read_parquet_schema(copy.name))
        rows = pl.scan_parquet(copy.name).select(pl.len()).collect().item()
        columns = _columns(dataset, schema)
    except pl.exceptions.PolarsError as error:
        copy.close()
        raise UnreadableObjectError(f"the file is no parquet: {error}; extract it again") from error
    except UnreadableObjectError:
        copy.close()
        raise
    header = json.dumps({name: str(kind) for name, kind in schema.items()}, ensure_ascii=False)
    return RecordStream(header, columns.names, _batches(copy, rows, schema, columns), columns.discarded)


def reparsed(original: str, header: str, dataset: Dataset) -> RecordStream:
    """A row again, from its original text and the header that it came under."""
    columns = agreed_columns(dataset, _without_deleted(json.loads(header)))
    row = parse_object(original.encode())
    values = {name: [None if name in columns.absent else text_at(row, (name,))] for name in columns.names}
    deleted = {DELETED: [row.get(DELETED) is True]} if DELETED in row else {}
    frame = pl.DataFrame(
        {LINE: [1], STRUCTURE_RULE: [None], STRUCTURE_REASON: [None], **deleted, **values},
        schema={
            LINE: pl.Int64,
            **dict.fromkeys((STRUCTURE_RULE, STRUCTURE_REASON), pl.String),
            **dict.fromkeys(deleted, pl.Boolean),
            **dict.fromkeys(values, pl.String),
        },
    )
    batch = Batch(frame, functools.partial(_same_original, original))
    return RecordStream(header, columns.names, iter([batch]), columns.discarded)


def as_json(schema: pl.Schema) -> pl.Expr:
    """Each row as a JSON object, its values exact."""
    return pl.struct(
        pl.col(name) if kind.is_integer() or kind == pl.Boolean or kind.is_nested() else as_text(name, kind)
        for name, kind in schema.items()
    ).struct.json_encode()


def as_text(column: str, kind: pl.DataType) -> pl.Expr:
    """A column's values as text that says them exactly; binary as hexadecimal digits."""
    if kind == pl.Binary:
        return pl.concat_str(pl.lit("0x"), pl.col(column).bin.encode("hex")).alias(column)
    if kind == pl.Time:
        # A cast would leave the fraction of the second out.
        return pl.col(column).dt.to_string("iso")
    return pl.col(column).cast(pl.String)


def _without_deleted(names: dict[str, object] | pl.Schema) -> list[str]:
    return [name for name in names if name != DELETED]


def _columns(dataset: Dataset, schema: pl.Schema) -> Columns:
    columns = agreed_columns(dataset, _without_deleted(schema))
    read = [name for name in columns.names if name not in columns.absent]
    if nested := {name: str(schema[name]) for name in read if schema[name].is_nested()}:
        raise UnreadableObjectError(f"columns of types that are no single values: {nested}; extract them as text")
    return columns


def _batches(copy: "_TemporaryFileWrapper[bytes]", rows: int, schema: pl.Schema, columns: Columns) -> Iterator[Batch]:
    with copy:
        path = Path(copy.name)
        for first in range(0, rows, _ROWS):
            try:
                frame = pl.scan_parquet(path).slice(first, _ROWS).collect()
            except pl.exceptions.PolarsError as error:
                raise UnreadableObjectError(f"row {first + 1} or one after it is broken: {error}") from error
            yield _batch(frame, first, schema, columns)


def _batch(frame: pl.DataFrame, first: int, schema: pl.Schema, columns: Columns) -> Batch:
    missing = pl.lit(None, pl.String)
    records = frame.select(
        (pl.int_range(pl.len(), dtype=pl.Int64) + first + 1).alias(LINE),
        missing.alias(STRUCTURE_RULE),
        missing.alias(STRUCTURE_REASON),
        *([pl.col(DELETED)] if DELETED in schema else []),
        *(missing.alias(name) if name in columns.absent else as_text(name, schema[name]) for name in columns.names),
    )
    return Batch(records, functools.partial(_originals, frame, first))


# Top-level functions, so that a batch's `originals` can be put on the disk.
def _originals(frame: pl.DataFrame, first: int, lines: pl.Series) -> pl.Series:
    return frame[(lines - first - 1).to_list()].select(as_json(frame.schema)).to_series()


def _same_original(original: str, lines: pl.Series) -> pl.Series:
    return pl.Series([original] * lines.len(), dtype=pl.String)
