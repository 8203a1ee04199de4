"""Parquet to records: what the extraction writes. A row's original text is its JSON, its line its number from 1."""

import functools
import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from tempfile import _TemporaryFileWrapper  # pyright: ignore[reportPrivateUsage] - what NamedTemporaryFile gives
from typing import Final, cast

import polars as pl
from polars import selectors

from processing.declaring.dataset import Dataset
from processing.readers.columns import Columns, agreed_columns
from processing.readers.compression import MEBIBYTE, ByteStream
from processing.readers.json_text import parse_object, text_at
from processing.readers.parquet_probe import ParquetProbe
from processing.readers.records import (
    DELETED,
    LINE,
    STRUCTURE_REASON,
    STRUCTURE_RULE,
    Batch,
    RecordStream,
    UnreadableObjectError,
    same_original,
)

_ROWS: Final = 50_000
"""Of a batch."""
_MAGIC: Final = b"PAR1"
_PROBE: Final = ParquetProbe(_ROWS)
_DELETED_TYPE: Final = "Boolean"
# Families of polars' types.
_NESTED: Final = ("List", "Array", "Struct")
_BINARY: Final = "Binary"
_NOT_TEXT: Final = ("Float32", "Float64", "Boolean")


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
        _refuse_other_kinds(copy.name)
        _PROBE.check(copy.name)
        schema = pl.Schema(pl.read_parquet_schema(copy.name))
        rows = pl.scan_parquet(copy.name).select(pl.len()).collect().item()
        types = {name: str(kind) for name, kind in schema.items()}
        columns = _columns(dataset, types)
    except pl.exceptions.PolarsError as error:
        copy.close()
        raise UnreadableObjectError(f"the parquet file is damaged: {error}; ask the sender to send it again") from error
    except UnreadableObjectError:
        copy.close()
        raise
    header = json.dumps(types, ensure_ascii=False)
    return RecordStream(header, columns.names, _batches(copy, rows, schema, columns), columns.discarded)


def _refuse_other_kinds(name: str) -> None:
    with Path(name).open("rb") as file:
        first = file.read(len(_MAGIC))
    if first != _MAGIC:
        raise UnreadableObjectError(
            f"the file is not parquet but begins with {first!r}; ask the sender to correct the extension of its name"
        )


def reparsed(original: str, header: str, dataset: Dataset) -> RecordStream:
    """Read a row again, from its original text and the header that it came under.

    Raises:
        UnreadableObjectError: the header's columns are not the dataset's.
    """
    columns = _columns(dataset, json.loads(header))
    row = parse_object(original.encode())
    values = {name: [None if own is None else text_at(row, (own,))] for name, own in columns.in_object()}
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
    batch = Batch(frame, functools.partial(same_original, original))
    return RecordStream(header, columns.names, iter([batch]), columns.discarded)


def as_json(schema: pl.Schema) -> pl.Expr:
    """Each row as a JSON object, its values exact. Lists and structures are not among them."""
    return pl.struct(
        _column(name) if kind.is_integer() or kind == pl.Boolean else as_text(name, kind)
        for name, kind in schema.items()
    ).struct.json_encode()


def as_text(column: str, kind: pl.DataType) -> pl.Expr:
    """A column's values as text that says them exactly; binary as hexadecimal digits, times with a zone in UTC."""
    value = _column(column)
    if kind == pl.Binary:
        return pl.concat_str(pl.lit("0x"), value.bin.encode("hex")).alias(column)
    if isinstance(kind, (pl.Time, pl.Duration)):
        # A cast would leave the fraction of the second out, or fail.
        return value.dt.to_string("iso")
    if isinstance(kind, pl.Datetime) and kind.time_zone is not None:
        return value.dt.convert_time_zone("UTC").dt.to_string("%Y-%m-%dT%H:%M:%S%.fZ")
    return value.cast(pl.String)


def _column(name: str) -> pl.Expr:
    # A name is a name here; pl.col would take "*" and "^…$" for several columns.
    return selectors.by_name(name).as_expr()


def _columns(dataset: Dataset, types: Mapping[str, str]) -> Columns:
    """Compare a file's columns with the declared ones.

    Args:
        dataset: what is declared.
        types: polars' names of the file's types by column, such as "Datetime(time_unit='us', time_zone=None)".

    Raises:
        UnreadableObjectError: a column is missing or unexpected, or its type cannot be read as what is declared.
    """
    if types.get(DELETED, _DELETED_TYPE) != _DELETED_TYPE:
        raise UnreadableObjectError(
            f"the column {DELETED} has the type {types[DELETED]}, expected {_DELETED_TYPE}; only the SQL "
            "extraction writes this column; ask the sender to rename it"
        )
    columns = agreed_columns(dataset, [name for name in types if name != DELETED])
    read = [name for _, name in columns.in_object() if name is not None]
    families = {name: types[name].partition("(")[0] for name in read}
    if nested := {name: types[name] for name, family in families.items() if family in _NESTED}:
        raise UnreadableObjectError(
            f"columns {nested} have types that do not hold single values; ask the sender to send them as text"
        )
    declared = dataset.schema.columns()
    texts = {name for name in read if name in declared and declared[name].dtype == pl.String}
    wrong = {
        name: types[name]
        for name, family in families.items()
        if (family == _BINARY and name in declared) or (family in _NOT_TEXT and name in texts)
    }
    if wrong:
        raise UnreadableObjectError(
            f"columns {wrong} have types that are not text, so their text would be a guess, such as of a "
            "number 12345.0 or of bytes without an encoding; ask the sender to write them as strings, or "
            "declare their types"
        )
    return columns


def _batches(copy: "_TemporaryFileWrapper[bytes]", rows: int, schema: pl.Schema, columns: Columns) -> Iterator[Batch]:
    with copy:
        path = Path(copy.name)
        for first in range(0, rows, _ROWS):
            try:
                frame = pl.scan_parquet(path).slice(first, _ROWS).collect()
            except pl.exceptions.PolarsError as error:
                raise UnreadableObjectError(
                    f"row {first + 1} or a later one is damaged: {error}; ask the sender to send the file again"
                ) from error
            yield _batch(frame, first, schema, columns)


def _batch(frame: pl.DataFrame, first: int, schema: pl.Schema, columns: Columns) -> Batch:
    missing = pl.lit(None, pl.String)
    records = frame.select(
        (pl.int_range(pl.len(), dtype=pl.Int64) + first + 1).alias(LINE),
        missing.alias(STRUCTURE_RULE),
        missing.alias(STRUCTURE_REASON),
        *([pl.col(DELETED)] if DELETED in schema else []),
        *((missing if own is None else as_text(own, schema[own])).alias(name) for name, own in columns.in_object()),
    )
    return Batch(records, functools.partial(_originals, frame, first))


# A top-level function, so that a batch's `originals` can be put on the disk.
def _originals(frame: pl.DataFrame, first: int, lines: pl.Series) -> pl.Series:
    rows = frame[(lines - first - 1).to_list()]
    if not any(kind.is_nested() for kind in frame.dtypes):
        return rows.select(as_json(frame.schema)).to_series()
    # polars writes no binary within lists and structures as JSON, but crashes.
    texts = [json.dumps(_plain(row), ensure_ascii=False, separators=(",", ":")) for row in rows.iter_rows(named=True)]
    return pl.Series(texts, dtype=pl.String)


def _plain(value: object) -> object:
    """A value of any type as JSON has it; what JSON would not have exactly is text."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, dict):
        return {name: _plain(member) for name, member in cast("dict[str, object]", value).items()}
    if isinstance(value, (list, pl.Series)):
        return [_plain(member) for member in cast("Iterable[object]", value)]
    return f"0x{value.hex()}" if isinstance(value, bytes) else str(value)
