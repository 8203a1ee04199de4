"""Computes a report's rows from the rows of its inputs."""

from collections.abc import Mapping
from typing import Any

import narwhals as nw
import polars as pl

from processing.declaring.report import Report


def compute(report: Report, inputs: Mapping[str, pl.DataFrame | pl.LazyFrame]) -> pl.DataFrame:
    """Return the report's rows, computed by polars. Of lazy inputs, only the needed columns and rows are read."""
    frames: dict[str, nw.LazyFrame[Any]] = {name: nw.from_native(rows.lazy()) for name, rows in inputs.items()}
    return report.query(frames).to_native().collect()
