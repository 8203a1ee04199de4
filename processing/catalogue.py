"""What the catalogue says of the lake's tables: their columns, and the published view in SQL."""

from collections.abc import Mapping

import narwhals as nw
import polars as pl

from processing.declaring.dataset import ColumnClass, Dataset
from processing.declaring.report import Report
from processing.readers.records import DELETED, LINE
from processing.storage.columns import (
    AS_OF,
    LANDED_AT,
    OBJECT,
    ORIGINAL,
    QUARANTINE,
    published_columns,
    warehouse_columns,
)

RANK = "_rank"
"""Column of the view's inner query: 1 for the latest row of a key."""


def quarantine_columns() -> pl.Schema:
    """Columns of every dataset's quarantine files, in their order."""
    return QUARANTINE


def quarantine_classes(dataset: Dataset) -> dict[str, ColumnClass]:
    """Classes of the quarantine's columns: the original text of a row holds every declared column."""
    by_strictness: tuple[ColumnClass, ...] = ("sensitive", "personal", "identifier")
    for each in by_strictness:
        if each in dataset.classes.values():
            return {ORIGINAL: each}
    return {}


def report_columns(report: Report, datasets: Mapping[str, Dataset], reports: Mapping[str, Report]) -> pl.Schema:
    """Columns of a report's files: what its query makes of inputs without rows."""
    return empty_report(report, datasets, reports).collect_schema()


def empty_report(report: Report, datasets: Mapping[str, Dataset], reports: Mapping[str, Report]) -> pl.LazyFrame:
    """A report's query on inputs without rows; of another report as input, that one's query on such inputs."""

    def empty(name: str) -> pl.LazyFrame:
        if name in reports:
            return empty_report(reports[name], datasets, reports)
        return pl.LazyFrame(schema=published_columns(datasets[name]))

    return report.query({name: nw.from_native(empty(name)) for name in report.inputs}).to_native()


def published_view_sql(dataset: Dataset, files_table: str) -> str:
    """The published view as a query for Athena: what `processing.storage.views.published_view` is for the jobs.

    Args:
        dataset: whose view.
        files_table: the catalogue's table of the dataset's warehouse files, with its database, both unquoted.
    """
    absent = {name: _or(name, value) for name, value in dataset.absent.items()}
    columns = ", ".join(
        f'{absent[name]} AS "{name}"' if name in absent else f'"{name}"' for name in warehouse_columns(dataset)
    )
    key = ", ".join(absent.get(name, f'"{name}"') for name in dataset.schema.primary_key())
    table = ".".join(f'"{name}"' for name in files_table.split("."))
    instants = (f'coalesce("{AS_OF}", "{LANDED_AT}")', *(f'"{name}"' for name in (LANDED_AT, OBJECT, LINE)))
    # Of events the one that was received first counts, of other rows the latest.
    receipt = [f'"{name}"' for name in dataset.receipt_order]
    direction = "ASC" if receipt else "DESC"
    counting_first = ", ".join(f"{each} {direction}" for each in (*receipt, *instants))
    rank = f'row_number() OVER (PARTITION BY {key} ORDER BY {counting_first}) AS "{RANK}"'
    ranked = f"SELECT *, {rank} FROM {table}"  # noqa: S608 - declared names
    return f'SELECT {columns} FROM ({ranked}) WHERE "{RANK}" = 1 AND NOT "{DELETED}"'  # noqa: S608 - declared names


def _or(column: str, value: str) -> str:
    """The column, or a value where it is missing: files from before it was declared do not have it."""
    text = value.replace("'", "''")
    return f"coalesce(\"{column}\", '{text}')"
