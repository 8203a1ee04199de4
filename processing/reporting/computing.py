"""A report's rows from the rows of its inputs."""

from collections.abc import Mapping
from typing import Any

import narwhals as nw
import polars as pl

from processing.declaring.report import Report


def compute(report: Report, inputs: Mapping[str, pl.DataFrame | pl.LazyFrame]) -> pl.DataFrame:
    """The report's rows, by polars. Of lazy inputs only the columns and rows that the query needs are read."""
    frames: dict[str, nw.LazyFrame[Any]] = {name: nw.from_native(rows.lazy()) for name, rows in inputs.items()}
    return report.query(frames).to_native().collect()
