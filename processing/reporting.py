"""A report's rows from the published views of its inputs."""

from collections.abc import Mapping
from typing import Any

import narwhals as nw
import polars as pl

from processing.declaring.report import Report


def compute(report: Report, views: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """The report's rows, by polars."""
    inputs: dict[str, nw.LazyFrame[Any]] = {name: nw.from_native(view.lazy()) for name, view in views.items()}
    return report.query(inputs).to_native().collect()
