"""What a report's file declares."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import narwhals as nw

from processing.declaring.chart import Chart

Query = Callable[[Mapping[str, nw.LazyFrame[Any]]], nw.LazyFrame[Any]]
ATTRIBUTE: Final = "REPORT"
"""Name that each file gives to its report."""


@dataclass(frozen=True, slots=True)
class Report:
    """One report of one team, computed from published rows."""

    name: str
    team: str
    inputs: tuple[str, ...]
    """Names of what the query reads: datasets, whose published rows it gets, and other reports, whose rows it gets."""
    query: Query
    """From the inputs, by name, to the report. Written against narwhals: it runs on polars and on Spark."""
    key: tuple[str, ...]
    """Columns that identify a row of the report: usually those that the query groups by."""
    chart: Chart | None = None
    """What the page of a run draws. None: nothing, as of a derived dataset, which is only an input of other reports."""
    schedule: str | None = None
    """Glue's cron expression, in UTC, such as "cron(0 5 * * ? *)": the report is computed then, and not whenever
    something has landed. None: after each run of the warehouse job that changed one of its inputs."""
    shared_with: tuple[str, ...] = ()
    """Other teams whose reports may have this one among what they are made of."""
