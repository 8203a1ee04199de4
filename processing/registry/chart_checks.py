"""Checks a chart against its report: its columns, what may be combined, and what the axis and the kind can show."""

from collections.abc import Iterable, Mapping
from typing import Final

import polars as pl

from processing.cleansing.routines import CURRENCY_CODE
from processing.declaring.chart import (
    COMBINABLE,
    COUNTING,
    MOST_POSITIONS,
    MOST_SERIES,
    Aggregation,
    Chart,
    Nominal,
    Ordinal,
    Time,
)
from processing.declaring.dataset import Dataset
from processing.declaring.report import Report
from processing.registry.declaration_file import DeclarationError
from processing.registry.query_plan import made_by

_UNIT_NAMES: Final = ("currency", "currency_code", "unit", "unit_of_measure")
"""Names of columns that are read as the unit of the values beside them."""


_KINDS: Final[Mapping[Aggregation, str]] = {
    "sum": "a sum",
    "count": "a count",
    "minimum": "a minimum",
    "maximum": "a maximum",
    "distinct": "a distinct count",
    "average": "an average",
    "ratio": "a ratio",
}


def check_key(report: Report, columns: pl.Schema) -> None:
    """Check that the key names columns of the report.

    Raises:
        DeclarationError: it names other columns, or none at all.
    """
    if not report.key:
        raise DeclarationError(
            "the report does not have a key; name the columns that identify a row, such as those of group_by"
        )
    _check_names("key", report.key, columns)


def check_chart(report: Report, chart: Chart, columns: pl.Schema, plan: str, inputs: Iterable[Dataset]) -> None:
    """Refuse a chart that would show something wrong.

    Args:
        report: whose chart.
        chart: the report's chart. Its key is checked already.
        columns: of the report.
        plan: of its query, by polars.
        inputs: the datasets that the report is made of.

    Raises:
        DeclarationError: what is wrong, and what to declare instead.
    """
    _check_names("chart", (*chart.drawn_columns, chart.y.column, *chart.y.over), columns)
    if nested := sorted(name for name in {*report.key, *chart.drawn_columns} if columns[name].is_nested()):
        raise DeclarationError(
            f"key or chart names columns {nested}, whose values are lists; name columns with single values"
        )
    if repeated := sorted({each for each in chart.drawn_columns if chart.drawn_columns.count(each) > 1}):
        raise DeclarationError(f"the chart uses columns {repeated} twice; use different columns for x, series and unit")
    _check_axis(chart, columns)
    _check_measure(chart, columns)
    _check_declared_aggregation(chart, made_by(plan, chart.y.column))
    _check_kind(chart)
    _check_limits(chart)
    _check_combination(report, chart)
    _check_units(chart, units_of(columns, inputs))


def units_of(columns: Iterable[str], inputs: Iterable[Dataset]) -> list[str]:
    """Columns of a report that hold the unit of other columns: named so, or cleansed as a currency by an input."""
    cleansed = {
        column
        for dataset in inputs
        for column, routines in dataset.cleansing.items()
        if any(routine.name == CURRENCY_CODE.name for routine in routines)
    }
    return [column for column in columns if column in cleansed or column in _UNIT_NAMES]


def _check_names(what: str, named: Iterable[str], columns: pl.Schema) -> None:
    if unknown := sorted(set(named) - set(columns)):
        raise DeclarationError(
            f"{what} names columns {unknown}, which the report does not have; choose from {list(columns)}"
        )


def _check_axis(chart: Chart, columns: pl.Schema) -> None:
    x = chart.x
    if isinstance(x, Time):
        kind = columns[x.column]
        if not (isinstance(kind, pl.Date | pl.Datetime) or (x.step == "year" and kind.is_integer())):
            raise DeclarationError(
                f"x is Time, but {x.column} is {kind}; make it a Date or Datetime in the query (a year may be a "
                "whole number), or declare Ordinal with its order"
            )
    elif isinstance(x, Ordinal):
        _check_order(x, columns[x.column])
    elif not x.columns:
        raise DeclarationError("x is Nominal without a column; name the columns that label a bar")
    if not isinstance(x, Nominal) and x.missing == "zero" and chart.y.aggregation not in (*COUNTING, "sum"):
        raise DeclarationError(
            f"x shows missing values as zero, but {chart.y.column}, {_kind(chart)}, of no rows is not 0; use 'gap'"
        )


def _check_order(x: Ordinal, kind: pl.DataType) -> None:
    if kind.is_numeric():
        if x.order:
            raise DeclarationError(
                f"x has an order, but {x.column} is {kind}, and numbers are ordered already; leave the order out"
            )
    elif kind != pl.String:
        raise DeclarationError(
            f"x is Ordinal, but {x.column} is {kind}; use Time for dates, or make it a text in the query"
        )
    elif not x.order:
        raise DeclarationError(f"x is Ordinal, but {x.column} is text; name its values in order=(…), lowest first")
    if repeated := sorted({value for value in x.order if x.order.count(value) > 1}):
        raise DeclarationError(f"the order of x names {repeated} twice; name each value once")


def _check_measure(chart: Chart, columns: pl.Schema) -> None:
    y, kind = chart.y, columns[chart.y.column]
    if not kind.is_numeric():
        raise DeclarationError(f"y is {y.column}, which is {kind}; name a column of numbers")
    if y.aggregation in COUNTING and not kind.is_integer():
        raise DeclarationError(
            f"y is {y.column}, {_kind(chart)}, but the column is {kind}, and a count is a whole number; cast "
            "it, or declare the aggregation that the query uses"
        )
    if chart.unit_column is not None and columns[chart.unit_column] != pl.String:
        raise DeclarationError(
            f"the unit column {chart.unit_column} is {columns[chart.unit_column]}; make it a text in the query"
        )
    if isinstance(y.unit, str) and not y.unit.strip():
        raise DeclarationError(f"y does not have a unit; name what {y.column} counts or in what it is measured")


def _check_declared_aggregation(chart: Chart, made: Aggregation | None) -> None:
    """Refuse a measure that the query makes in another way than declared."""
    y = chart.y
    if made is not None and y.aggregation not in (made, "ratio"):
        raise DeclarationError(
            f"y declares {y.column} as {_kind(chart)}, but the query makes it {_KINDS[made]}; declare "
            f"aggregation={made!r}"
        )


def _check_kind(chart: Chart) -> None:
    if chart.kind == "line" and isinstance(chart.x, Nominal):
        raise DeclarationError(
            "a line connects positions in their order, but x is Nominal; use 'bars', or declare Time or Ordinal"
        )
    if chart.kind == "stacked_bars":
        if chart.series is None:
            raise DeclarationError("stacked bars need series; declare series=Series(…), or use 'bars'")
        if not chart.adds_up:
            raise DeclarationError(
                f"stacked bars show the sum of {chart.y.column}, {_kind(chart)}, which cannot be added up; use 'bars'"
            )


def _check_limits(chart: Chart) -> None:
    if not 1 <= chart.most <= MOST_POSITIONS:
        raise DeclarationError(f"most of the chart is {chart.most}, expected 1 to {MOST_POSITIONS}")
    if chart.series is not None and not 1 <= chart.series.most <= MOST_SERIES:
        raise DeclarationError(f"most of the chart's series is {chart.series.most}, expected 1 to {MOST_SERIES}")
    if isinstance(chart.x, Ordinal) and len(chart.x.order) > chart.most:
        raise DeclarationError(f"the order of x has {len(chart.x.order)} values, but most is {chart.most}; raise most")


def _check_combination(report: Report, chart: Chart) -> None:
    y = chart.y
    left_out = [column for column in report.key if column not in chart.drawn_columns]
    if not left_out and not y.over:
        return
    if left_out and y.aggregation not in COMBINABLE:
        raise DeclarationError(
            f"the chart would combine {y.column}, {_kind(chart)}, over {left_out}, which gives a wrong number; "
            "show these columns as x or series, choose a measure that adds up, or compute the total in the "
            "query"
        )
    if sorted(left_out) != sorted(y.over):
        raise DeclarationError(
            f"the chart does not show the key's columns {left_out}, but y says over={y.over}; if their values "
            f"may be combined, declare over={tuple(left_out)}; otherwise show them as x or series"
        )


def _check_units(chart: Chart, units: Iterable[str]) -> None:
    if chart.unit_column is not None or chart.y.aggregation in (*COUNTING, "ratio"):
        return
    for column in units:
        if column != chart.y.column:
            raise DeclarationError(
                f"the chart shows {chart.y.column} of every {column} on one scale, but amounts in different units "
                f"cannot be added or compared; declare unit=UnitColumn({column!r}), or aggregation='count' if "
                f"{chart.y.column} counts things"
            )


def _kind(chart: Chart) -> str:
    return _KINDS[chart.y.aggregation]
