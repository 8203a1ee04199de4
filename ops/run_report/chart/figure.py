"""What a chart shows: from a report's rows to a value for each series and position, by the chart's declaration."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from ops.run_report.chart.numbers import NO_VALUE, Number, finite, total
from ops.run_report.chart.periods import PeriodError
from ops.run_report.chart.positions import BETWEEN, Cells, Entry, Key, entries_of_series, entries_on_x
from ops.stack.errors import OperatorError
from processing.declaring.chart import Chart, Nominal
from processing.declaring.report import Report

MOST_UNITS: Final = 4
"""Units that get a picture."""


class ChartError(OperatorError):
    """Rows that the chart's declaration does not fit: drawn, they would show something wrong."""


@dataclass(frozen=True, slots=True)
class Panel:
    """The picture of one unit."""

    unit: str
    positions: Sequence[Entry]
    series: Sequence[Entry]
    """One without a label if the chart has no series."""
    values: Sequence[Sequence[Number | None]]
    """For each series a value for each position; None: the value is missing."""


@dataclass(frozen=True, slots=True)
class Figure:
    """All pictures of a chart."""

    panels: Sequence[Panel]
    notes: Sequence[str]
    """What the pictures leave out, in sentences."""


def chart_of(report: Report) -> Chart:
    """The report's chart.

    Raises:
        ChartError: it declares none.
    """
    if report.chart is None:
        raise ChartError("the report does not declare a chart")
    return report.chart


def figure_of(report: Report, rows: pl.DataFrame) -> Figure:
    """What the chart of a report shows.

    Args:
        report: whose chart.
        rows: of the report, in any order.

    Raises:
        ChartError: the report has no chart; or the rows are of another declaration, repeat the key, or have a value
            that does not begin a period.
    """
    chart = chart_of(report)
    if missing := sorted({*report.key, *chart.drawn_columns, chart.y.column} - set(rows.columns)):
        raise ChartError(
            f"the stored report does not have {BETWEEN.join(missing)}, because its declaration is newer; run mart"
        )
    if rows.select(report.key).is_duplicated().any():
        raise ChartError(f"several rows have the same key ({BETWEEN.join(report.key)}), so values could count twice")
    by_unit = _cells(chart, rows)
    units = sorted(by_unit, key=lambda unit: (unit is None, unit or ""))
    shown = {unit: by_unit[unit] for unit in units[:MOST_UNITS]}
    notes: list[str] = []
    if left := [unit or NO_VALUE for unit in units[MOST_UNITS:]]:
        notes.append(f"Not shown: {chart.unit_column} {BETWEEN.join(left)}.")
    on_x = {position: None for cells in shown.values() for position, _ in cells}
    series = entries_of_series(chart, shown, notes)
    panels: list[Panel] = []
    for unit, cells in shown.items():
        try:
            positions = entries_on_x(chart, cells, on_x, notes)
        except PeriodError as error:
            raise ChartError(f"{chart.x_columns[0]}: {error}") from error
        panels.append(Panel(unit or NO_VALUE, positions, series, _values(chart, cells, positions, series)))
    return Figure(panels, list(dict.fromkeys(notes)))


def _cells(chart: Chart, rows: pl.DataFrame) -> dict[str | None, Cells]:
    """Per unit the combined value of each position and series."""
    given: dict[str | None, dict[tuple[Key, Key], list[Number | None]]] = defaultdict(lambda: defaultdict(list))
    for row in rows.iter_rows(named=True):
        unit = row[chart.unit_column] if chart.unit_column is not None else str(chart.y.unit)
        position = tuple(row[column] for column in chart.x_columns)
        series = (row[chart.series.column],) if chart.series is not None else ()
        given[unit][position, series].append(finite(row[chart.y.column]))
    return {unit: {where: _combined(chart, values) for where, values in cells.items()} for unit, cells in given.items()}


def _values(
    chart: Chart, cells: Cells, positions: Sequence[Entry], series: Sequence[Entry]
) -> list[list[Number | None]]:
    missing = 0 if not isinstance(chart.x, Nominal) and chart.x.missing == "zero" else None
    return [[_value(chart, cells, position, one, missing) for position in positions] for one in series]


def _value(chart: Chart, cells: Cells, position: Entry, series: Entry, missing: Number | None) -> Number | None:
    found = [cells[key, each] for key in position.keys for each in series.keys if (key, each) in cells]
    return _combined(chart, found) if found else missing


def _combined(chart: Chart, values: Iterable[Number | None]) -> Number | None:
    """The value of several rows. Missing ones are left out; None if all are missing.

    Raises:
        ChartError: the measure cannot be combined.
    """
    known = [value for value in values if value is not None]
    if len(known) <= 1:
        return next(iter(known), None)
    if chart.adds_up:
        return total(known)
    if chart.y.aggregation == "minimum":
        return min(known)
    if chart.y.aggregation == "maximum":
        return max(known)
    raise ChartError(f"several rows belong to the same position, and {chart.y.column} cannot be combined")
