"""What a report's file declares."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import narwhals as nw

Query = Callable[[Mapping[str, nw.LazyFrame[Any]]], nw.LazyFrame[Any]]


@dataclass(frozen=True, slots=True)
class Chart:
    """What of a report makes a picture: a bar for each row."""

    category: str
    """Column that names a bar."""
    value: str
    """Column of numbers that says how long it is."""


@dataclass(frozen=True, slots=True)
class Report:
    """One report of one team, computed from published views."""

    name: str
    team: str
    inputs: tuple[str, ...]
    """Names of the datasets whose published views the query reads."""
    query: Query
    """From the inputs, by dataset name, to the report. Written against narwhals: it runs on polars and on Spark."""
    chart: Chart
