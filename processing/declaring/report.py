"""What a report's file declares."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import narwhals as nw

from processing.declaring.chart import Chart

Query = Callable[[Mapping[str, nw.LazyFrame[Any]]], nw.LazyFrame[Any]]


@dataclass(frozen=True, slots=True)
class Report:
    """One report of one team, computed from published views."""

    name: str
    team: str
    inputs: tuple[str, ...]
    """Names of the datasets whose published views the query reads."""
    query: Query
    """From the inputs, by dataset name, to the report. Written against narwhals: it runs on polars and on Spark."""
    key: tuple[str, ...]
    """Columns that identify a row of the report: usually those that the query groups by."""
    chart: Chart
