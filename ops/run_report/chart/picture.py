"""The chart as it is drawn: bars in percent of their column, lines in the units of their SVG, and a table of both."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from ops.run_report.chart.figure import Figure, Panel, chart_of, figure_of
from ops.run_report.chart.numbers import Number, total, value_in_words
from ops.run_report.chart.positions import Entry
from processing.declaring.chart import COUNTING, Chart, UnitColumn
from processing.declaring.report import Report

MOST_LABEL: Final = 60
"""Characters of a label in a picture. The table has all of it."""
WIDTH: Final = 480
HEIGHT: Final = 180
"""Of the area between the axes, in units of the SVG."""
_TICKS: Final = 5


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar, or the part of a stacked one, in percent of its column's width."""

    style: str
    """CSS class of its series."""
    left: float
    width: float
    text: str
    """What it shows: series, position and value."""


@dataclass(frozen=True, slots=True)
class BarRow:
    """One line of a bar chart."""

    label: str
    """Of the position; empty in all but the first line of a group."""
    full_label: str
    value: str
    bars: Sequence[Bar]
    """Empty if the value is missing."""


@dataclass(frozen=True, slots=True)
class Line:
    """One series of a line chart."""

    style: str
    """CSS class."""
    segments: Sequence[str]
    """Points of an SVG polyline. A line ends at each gap."""
    points: Sequence[tuple[float, float, str]]
    """x, y and text of each value."""


@dataclass(frozen=True, slots=True)
class PanelPicture:
    """The picture of one unit."""

    unit: str
    """Empty if the caption has it."""
    description: str
    zero: float
    """Where 0 is: percent from the left of bars, distance from the top of lines."""
    bars: Sequence[BarRow]
    lines: Sequence[Line]
    x_ticks: Sequence[tuple[float, str, str]]
    """x, label and text anchor."""
    y_ticks: Sequence[tuple[float, str]]
    header: Sequence[str]
    table: Sequence[Sequence[str]]
    """Lines of cells. The first of each is the position."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A report's chart, ready to be printed."""

    caption: str
    legend: Sequence[tuple[str, str]]
    """CSS class and name of each series; empty if the chart has no series."""
    panels: Sequence[PanelPicture]
    notes: Sequence[str]


def picture_of(report: Report, rows: pl.DataFrame) -> Picture:
    """The chart of a report.

    Raises:
        ops.run_report.chart.figure.ChartError: the rows do not fit the chart's declaration.
    """
    figure = figure_of(report, rows)
    chart = chart_of(report)
    panels = figure.panels
    series = panels[0].series if panels and chart.series else []
    legend = [(_style(series, number), entry.label) for number, entry in enumerate(series)]
    return Picture(caption_of(chart), legend, [_panel(chart, panel) for panel in panels], _notes(figure))


def caption_of(chart: Chart) -> str:
    """What the chart shows, in words."""
    y = chart.y
    unit = "" if isinstance(y.unit, UnitColumn) or y.unit == y.column else f", in {y.unit}"
    if y.aggregation in COUNTING and unit:
        unit = f", number of {y.unit}"
    combined = f", {y.aggregation} over {' and '.join(y.over)}" if y.over else ""
    series = f" and {chart.series.column}" if chart.series else ""
    per_unit = f", for each {chart.unit_column}" if chart.unit_column else ""
    return f"{y.column}{unit}{combined}, by {' and '.join(chart.x_columns)}{series}{per_unit}"


def _notes(figure: Figure) -> list[str]:
    return list(figure.notes) if figure.panels else ["The report has no rows."]


def _panel(chart: Chart, panel: Panel) -> PanelPicture:
    lowest, highest = _range(chart, panel)
    is_line = chart.kind == "line"
    top = float(highest)
    span = top - float(lowest) or 1.0
    zero = top / span * HEIGHT if is_line else 100 * float(-lowest) / span
    return PanelPicture(
        unit=panel.unit if chart.unit_column else "",
        description=_description(chart, panel),
        zero=zero,
        bars=[] if is_line else list(_bar_rows(chart, panel, float(lowest), span)),
        lines=list(_lines(chart, panel, top, span)) if is_line else [],
        x_ticks=_x_ticks(panel) if is_line else [],
        y_ticks=[
            (HEIGHT * (top - float(value)) / span, value_in_words(value, chart.y, panel.unit))
            for value in sorted({lowest, highest, 0})
        ],
        header=[" and ".join(chart.x_columns), *(entry.label or chart.y.column for entry in panel.series)],
        table=[
            [position.label, *(value_in_words(values[index], chart.y, panel.unit) for values in panel.values)]
            for index, position in enumerate(panel.positions)
        ],
    )


def _range(chart: Chart, panel: Panel) -> tuple[Number, Number]:
    """The least and the greatest number on the scale. 0 is always on it."""
    numbers = [value for values in panel.values for value in values if value is not None]
    if chart.kind == "stacked_bars":
        columns = [[value for value in column if value is not None] for column in zip(*panel.values, strict=True)]
        numbers = [total([value for value in column if value > 0]) for column in columns]
        numbers += [total([value for value in column if value < 0]) for column in columns]
    return min([0, *numbers]), max([0, *numbers])


def _description(chart: Chart, panel: Panel) -> str:
    """The text alternative: how much is shown, and the extremes."""
    named = [
        (value, f"{position.label}{', ' if entry.label else ''}{entry.label}")
        for entry, values in zip(panel.series, panel.values, strict=True)
        for position, value in zip(panel.positions, values, strict=True)
        if value is not None
    ]
    if not named:
        return f"{len(panel.positions)} positions without a value."
    (least, least_name), (most, most_name) = min(named, key=lambda each: each[0]), max(named, key=lambda each: each[0])
    return (
        f"{len(named):,} values. Largest: {most_name}, {value_in_words(most, chart.y, panel.unit)}. "
        f"Smallest: {least_name}, {value_in_words(least, chart.y, panel.unit)}. The table lists all values."
    )


def _bar_rows(chart: Chart, panel: Panel, lowest: float, span: float) -> Iterator[BarRow]:
    for index, position in enumerate(panel.positions):
        values = [series[index] for series in panel.values]
        if chart.kind == "stacked_bars":
            known = [value for value in values if value is not None]
            text = value_in_words(total(known) if known else None, chart.y, panel.unit)
            yield BarRow(_short(position.label), position.label, text, list(_stack(chart, panel, index, lowest, span)))
            continue
        for number, value in enumerate(values):
            text = value_in_words(value, chart.y, panel.unit)
            bars = [] if value is None else [_bar(panel, number, index, (0.0, float(value)), (lowest, span), text)]
            yield BarRow("" if number else _short(position.label), position.label, text, bars)


def _stack(chart: Chart, panel: Panel, index: int, lowest: float, span: float) -> Iterator[Bar]:
    """The parts of one bar: those above 0 to the right of it, those below to the left."""
    ends = {True: 0.0, False: 0.0}
    for number, values in enumerate(panel.values):
        value = values[index]
        if value is not None:
            start = ends[value >= 0]
            ends[value >= 0] = end = start + float(value)
            text = value_in_words(value, chart.y, panel.unit)
            yield _bar(panel, number, index, (start, end), (lowest, span), text)


def _bar(
    panel: Panel, series: int, index: int, ends: tuple[float, float], scale: tuple[float, float], text: str
) -> Bar:
    lowest, span = scale
    left, right = sorted(100 * (end - lowest) / span for end in ends)
    name = panel.series[series].label
    label = panel.positions[index].label
    return Bar(_style(panel.series, series), left, right - left, f"{label}{', ' if name else ''}{name}: {text}")


def _lines(chart: Chart, panel: Panel, highest: float, span: float) -> Iterator[Line]:
    for number, values in enumerate(panel.values):
        segments: list[list[str]] = [[]]
        points: list[tuple[float, float, str]] = []
        for index, value in enumerate(values):
            if value is None:
                segments.append([])
                continue
            x, y = _x(panel, index), HEIGHT * (highest - float(value)) / span
            segments[-1].append(f"{x:.2f},{y:.2f}")
            name = panel.series[number].label
            label = f"{panel.positions[index].label}{', ' if name else ''}{name}"
            points.append((x, y, f"{label}: {value_in_words(value, chart.y, panel.unit)}"))
        yield Line(_style(panel.series, number), [" ".join(each) for each in segments if each], points)


def _x(panel: Panel, index: int) -> float:
    return WIDTH * index / (len(panel.positions) - 1) if len(panel.positions) > 1 else WIDTH / 2


def _x_ticks(panel: Panel) -> list[tuple[float, str, str]]:
    last = len(panel.positions) - 1
    indices = sorted({round(last * step / (_TICKS - 1)) for step in range(_TICKS)}) if last >= 0 else []
    anchors = {0: "start", last: "end"} if last > 0 else {}
    return [
        (_x(panel, index), _short(panel.positions[index].label, 14), anchors.get(index, "middle")) for index in indices
    ]


def _style(series: Sequence[Entry], number: int) -> str:
    return "rest" if series[number].is_rest else f"s{number}"


def _short(label: str, most: int = MOST_LABEL) -> str:
    return label if len(label) <= most else f"{label[: most - 1]}…"
