"""How the jobs write parquet."""

import io
from pathlib import Path
from typing import Final

import polars as pl

MEDIA_TYPE: Final = "application/vnd.apache.parquet"
# Many batches' rows: small row groups compress worse and are slower to read.
_ROWS_IN_GROUP: Final = 262_144


def parquet_bytes(frame: pl.DataFrame) -> bytes:
    """A frame as a whole parquet file, zstd compressed; the same rows give the same bytes."""
    buffer = io.BytesIO()
    frame.write_parquet(buffer, compression="zstd")
    return buffer.getvalue()


def sink_parquet(rows: pl.LazyFrame, file: Path) -> None:
    """Write rows to a local parquet file as they come; the same batches give the same bytes."""
    rows.sink_parquet(file, compression="zstd", compression_level=1, row_group_size=_ROWS_IN_GROUP, engine="streaming")
