"""Computes a report's rows with Spark, with the same results as polars."""

import linecache
import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final

import narwhals as nw
import polars as pl
from pyiceberg.table import Table

from processing.declaring.report import Report
from processing.errors import ProcessingError
from processing.publishing.stored_types import inner_type
from processing.running.engine import REPORTS
from processing.running.spark import is_available, spark_session, table_name

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_OPTIONS: Final = {
    # polars has columns "id" and "Id" at once, UTC instants, and fails if a text is not a number.
    "spark.sql.caseSensitive": "true",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
}
_WAY_OUT: Final = f"write the query in another way, or raise `jobs.{REPORTS}` so that polars runs it"


class NotOnSparkError(ProcessingError):
    """Spark cannot run a report's query, or would give other rows; the message says where, and what to do."""


@dataclass(frozen=True, slots=True)
class Spark:
    """When reports are computed by Spark, and how."""

    above_bytes: int | None
    """Size of the columns that a report reads above which Spark computes it; None: never."""
    is_available: Callable[[], bool]
    """Returns true if this process can start Spark."""
    session: Callable[[], "SparkSession"]
    """Starts Spark."""
    relation: Callable[[Table], str]
    """Returns how a session reads a published table: its name in a catalogue, or the address of its metadata file."""


def spark_of(bucket: str, above_bytes: int | None) -> Spark:
    """Return Spark as a job starts it, for the tables in Glue's catalogue.

    Args:
        bucket: the lake's bucket.
        above_bytes: size of the columns that a report reads above which Spark computes it; None: never.
    """
    return Spark(above_bytes, is_available, lambda: spark_session(bucket), lambda table: table_name(*table.name()))


def start(spark: Spark) -> "SparkSession":
    """Return a session in which narwhals' expressions mean the same as on polars."""
    session = spark.session()
    for name, value in _OPTIONS.items():
        session.conf.set(name, value)
    return session


def compute_on_spark(report: Report, inputs: Mapping[str, "DataFrame"], columns: pl.Schema) -> pl.DataFrame:
    """Return the report's rows, computed by Spark.

    Args:
        report: the report.
        inputs: its inputs, from `spark_frames`.
        columns: the report's columns, as polars would return them.

    Raises:
        NotOnSparkError: spark, or narwhals on Spark, lacks an expression of the query, or the values of a type could
            differ from polars'.
    """
    frames: dict[str, nw.LazyFrame[Any]] = {name: nw.from_native(rows) for name, rows in inputs.items()}
    try:
        query = report.query(frames)
    except Exception as error:
        # narwhals and Spark add hints and plans below the first line.
        reason = f"{_expression(error.__traceback__)}{next(iter(str(error).splitlines()), type(error).__name__)}"
        raise NotOnSparkError(f"{report.name} cannot run on Spark: {reason}; {_WAY_OUT}") from error
    rows = query.collect("polars").to_native()
    return _as_declared(report, rows, columns)


def _as_declared(report: Report, rows: pl.DataFrame, columns: pl.Schema) -> pl.DataFrame:
    """Return the rows with polars' types. Only types with the same values are converted."""
    if rows.columns != list(columns):
        raise NotOnSparkError(f"{report.name} has the columns {rows.columns} on Spark and {list(columns)} on polars")
    for name, wanted in columns.items():
        if not _has_same_values(found := rows.schema[name], wanted):
            raise NotOnSparkError(
                f"{report.name} cannot run on Spark: its column {name} is {found} there and {wanted} on polars; cast "
                f"it in the query, or raise `jobs.{REPORTS}` so that polars runs it"
            )
    return rows.select(pl.col(name).cast(kind) for name, kind in columns.items())


def _has_same_values(found: pl.DataType, wanted: pl.DataType) -> bool:
    if isinstance(found, pl.List) and isinstance(wanted, pl.List):
        return _has_same_values(inner_type(found), inner_type(wanted))
    if isinstance(found, pl.Decimal) and isinstance(wanted, pl.Decimal):
        return found.scale == wanted.scale
    return found == wanted or (found.is_integer() and wanted.is_integer()) or found == pl.Null()


def _expression(trace: TracebackType | None) -> str:
    """Return where the query failed, as the start of a sentence: the last call outside libraries."""
    own = [each for each in traceback.extract_tb(trace) if not _is_library(each.filename)]
    # The first one is the call of the query.
    if len(own) < 2 or (last := own[-1]).lineno is None:  # noqa: PLR2004 - see above
        return ""
    lines = [linecache.getline(last.filename, number) for number in range(last.lineno, (last.end_lineno or 0) + 1)]
    return f"`{_segment(lines, last)}` in {Path(last.filename).name}, line {last.lineno}: "


def _segment(lines: list[str], place: traceback.FrameSummary) -> str:
    if place.colno is None or place.end_colno is None or not lines:
        return (place.line or "").strip()
    lines[-1] = lines[-1].encode()[: place.end_colno].decode(errors="ignore")
    lines[0] = lines[0].encode()[place.colno :].decode(errors="ignore")
    return " ".join(" ".join(lines).split())


def _is_library(file: str) -> bool:
    return "site-packages" in file or file.startswith((sys.prefix, sys.base_prefix))
