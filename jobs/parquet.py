"""How the jobs write parquet."""

import io
from typing import Final

import polars as pl

MEDIA_TYPE: Final = "application/vnd.apache.parquet"


def parquet_bytes(frame: pl.DataFrame) -> bytes:
    """A frame as a whole parquet file, zstd compressed; the same rows give the same bytes."""
    buffer = io.BytesIO()
    frame.write_parquet(buffer, compression="zstd")
    return buffer.getvalue()
