"""Parquet to records: what the extraction writes. A row's original text is its JSON, its line its number from 1."""

import io
import json
from collections.abc import Sequence

import polars as pl

from jobs.readers.records import (
    DELETED,
    LINE,
    ORIGINAL,
    STRUCTURE_REASON,
    STRUCTURE_RULE,
    Records,
    UnreadableObjectError,
)


def read_parquet(content: bytes, columns: Sequence[str]) -> Records:
    """Read an object's rows. Columns that are not declared are part of the original text and of nothing else.

    Args:
        content: the object.
        columns: the declared columns, in the order in which the records are to have them.

    Raises:
        UnreadableObjectError: the object is no parquet, or lacks declared columns.
    """
    try:
        frame = pl.read_parquet(io.BytesIO(content))
    except pl.exceptions.PolarsError as error:
        raise UnreadableObjectError(f"the file is no parquet: {error}; extract it again") from error
    if missing := [column for column in columns if column not in frame.columns]:
        raise UnreadableObjectError(f"missing columns {missing}: expected {list(columns)}, found {frame.columns}")
    header = json.dumps({name: str(kind) for name, kind in frame.schema.items()}, ensure_ascii=False)
    records = frame.with_row_index("_row", offset=1).select(
        pl.col("_row").cast(pl.Int64).alias(LINE),
        as_json(frame.schema).alias(ORIGINAL),
        pl.lit(None, pl.String).alias(STRUCTURE_RULE),
        pl.lit(None, pl.String).alias(STRUCTURE_REASON),
        *(as_text(column, frame.schema[column]) for column in columns),
    )
    gone = records[LINE].filter(frame[DELETED]) if DELETED in frame.columns else []
    return Records(header, records, frozenset(gone))


def as_json(schema: pl.Schema) -> pl.Expr:
    """Each row as a JSON object, its values exact."""
    return pl.struct(
        pl.col(name) if kind.is_integer() or kind == pl.Boolean else as_text(name, kind)
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
