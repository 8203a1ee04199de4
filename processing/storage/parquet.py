"""Writes parquet files for the jobs."""

import io
from pathlib import Path
from typing import Final

import polars as pl

MEDIA_TYPE: Final = "application/vnd.apache.parquet"
# The rows of many batches, because small row groups compress worse and are slower to read.
_ROWS_IN_GROUP: Final = 262_144
_ARROW_SCHEMA: Final = "ARROW:schema"


def parquet_bytes(frame: pl.DataFrame) -> bytes:
    """Return a frame as a whole parquet file, zstd compressed. Equal rows give equal bytes."""
    buffer = io.BytesIO()
    frame.write_parquet(buffer, compression="zstd")
    return buffer.getvalue()


def sink_parquet(rows: pl.LazyFrame, file: Path) -> None:
    """Write rows to a local parquet file as they arrive. Equal batches give equal bytes.

    A column of type Enum is written as text: a constant is encoded several times as fast as an Enum of one value.
    """
    schema = pl.Schema(
        {name: pl.String() if isinstance(kind, pl.Enum) else kind for name, kind in rows.collect_schema().items()}
    )
    rows.sink_parquet(
        file,
        compression="zstd",
        compression_level=1,
        row_group_size=_ROWS_IN_GROUP,
        metadata={_ARROW_SCHEMA: _arrow_schema(schema)},
        engine="streaming",
    )


def _arrow_schema(schema: pl.Schema) -> str:
    """Return the entry by which polars and pyarrow learn the types of a file's columns."""
    empty = io.BytesIO()
    pl.DataFrame(schema=schema).write_parquet(empty)
    empty.seek(0)
    return pl.read_parquet_metadata(empty)[_ARROW_SCHEMA]
