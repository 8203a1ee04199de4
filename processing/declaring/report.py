"""The declaration in a report's file."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import narwhals as nw

from processing.declaring.chart import Chart

Query = Callable[[Mapping[str, nw.LazyFrame[Any]]], nw.LazyFrame[Any]]
ATTRIBUTE: Final = "REPORT"
"""Name of the variable in each file that holds its report."""


@dataclass(frozen=True, slots=True)
class Report:
    """One report of one team, computed from published rows."""

    name: str
    team: str
    inputs: tuple[str, ...]
    """Names of the query's inputs: datasets, which provide their published rows, and other reports."""
    query: Query
    """Turns the inputs, by name, into the report. It uses narwhals, so it runs on polars and on Spark."""
    key: tuple[str, ...]
    """Columns that identify a row of the report; usually the query groups by them."""
    chart: Chart | None = None
    """Chart on the page of a run. None: no chart, such as for a derived dataset that only other reports read."""
    schedule: str | None = None
    """A Glue cron expression in UTC, such as "cron(0 5 * * ? *)": the report is computed at these times and not after
    each landing. None: after each run of the warehouse job that changed one of its inputs."""
    shared_with: tuple[str, ...] = ()
    """Other teams whose reports may be computed from this one."""
