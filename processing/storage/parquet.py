"""Writes parquet files for the jobs."""

import io
from pathlib import Path
from typing import Final

import polars as pl

MEDIA_TYPE: Final = "application/vnd.apache.parquet"
# The rows of many batches, because small row groups compress worse and are slower to read.
_ROWS_IN_GROUP: Final = 262_144


def parquet_bytes(frame: pl.DataFrame) -> bytes:
    """Return a frame as a whole parquet file, zstd compressed. Equal rows give equal bytes."""
    buffer = io.BytesIO()
    frame.write_parquet(buffer, compression="zstd")
    return buffer.getvalue()


def sink_parquet(rows: pl.LazyFrame, file: Path) -> None:
    """Write rows to a local parquet file as they arrive. Equal batches give equal bytes."""
    rows.sink_parquet(file, compression="zstd", compression_level=1, row_group_size=_ROWS_IN_GROUP, engine="streaming")
