"""The columns of the lake's tables, and their classes, for the catalogue."""

from collections.abc import Mapping

import narwhals as nw
import polars as pl

from processing.declaring.dataset import ColumnClass, Dataset
from processing.declaring.report import Report
from processing.storage.columns import (
    ORIGINAL,
    QUARANTINE,
    published_columns,
)


def quarantine_columns() -> pl.Schema:
    """Columns of every dataset's quarantine files, in their order."""
    return QUARANTINE


def quarantine_classes(dataset: Dataset) -> dict[str, ColumnClass]:
    """Classes of the quarantine's columns. The original text of a row may hold the values of every declared column."""
    by_strictness: tuple[ColumnClass, ...] = ("sensitive", "personal", "identifier")
    for each in by_strictness:
        if each in dataset.classes.values():
            return {ORIGINAL: each}
    return {}


def report_columns(report: Report, datasets: Mapping[str, Dataset], reports: Mapping[str, Report]) -> pl.Schema:
    """Return the columns of a report's files: its query runs on inputs without rows."""
    return empty_report(report, datasets, reports).collect_schema()


def empty_report(report: Report, datasets: Mapping[str, Dataset], reports: Mapping[str, Report]) -> pl.LazyFrame:
    """Run a report's query on inputs without rows. An input that is a report is computed the same way."""

    def empty(name: str) -> pl.LazyFrame:
        if name in reports:
            return empty_report(reports[name], datasets, reports)
        return pl.LazyFrame(schema=published_columns(datasets[name]))

    return report.query({name: nw.from_native(empty(name)) for name in report.inputs}).to_native()
