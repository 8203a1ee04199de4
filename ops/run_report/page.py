"""The page itself: one HTML file that asks nobody for anything."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import jinja2
import polars as pl

from ops.quarantine.rows import NEWEST_OBJECTS
from ops.run_report.facts import DatasetFacts, ReportFacts

SHOWN_ROWS: Final = 12
_BINARY_UNITS: Final = ("bytes", "KiB", "MiB", "GiB", "TiB")


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a report's chart."""

    label: str
    value: str
    percent: float
    """Of the longest bar."""


def render_page(
    stack: str, datasets: Sequence[DatasetFacts], reports: Sequence[ReportFacts], now: datetime | None = None
) -> str:
    """The page as HTML. All that came from outside is escaped."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"count": "{:,}".format, "size": size_in_words, "duration": duration_in_words}
    return environment.get_template("page.html.j2").render(
        stack=stack,
        made_at=f"{now or datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC",
        datasets=datasets,
        views={dataset.name: _read_by(dataset.name, reports) for dataset in datasets},
        reports=[(report, bars_of(report)) for report in reports],
        shown_rows=SHOWN_ROWS,
        newest_objects=NEWEST_OBJECTS,
    )


def _read_by(dataset: str, reports: Sequence[ReportFacts]) -> dict[str, int]:
    """Rows of a dataset's published view as each report read it, by the report's name."""
    return {report.report.name: report.input_rows[dataset] for report in reports if dataset in report.input_rows}


def bars_of(report: ReportFacts) -> list[Bar]:
    """The chart of a report: its longest bars, the longest first; none if it has no rows."""
    if report.rows is None or report.rows.is_empty():
        return []
    chart = report.report.chart
    # A category may stand in several rows, such as a model in each of its colours.
    sums = (
        report.rows.group_by(chart.category, maintain_order=True)
        .agg(pl.col(chart.value).sum())
        .sort(chart.value, descending=True, maintain_order=True)
        .head(SHOWN_ROWS)
    )
    values: list[Any] = sums[chart.value].to_list()
    longest = max(float(value or 0) for value in values) or 1.0
    return [
        Bar(str(label), f"{value:,}", max(0.0, 100 * float(value or 0) / longest))
        for label, value in zip(sums[chart.category].to_list(), values, strict=True)
    ]


def size_in_words(size: int) -> str:
    """Bytes in the unit that leaves few digits."""
    amount = float(size)
    for unit in _BINARY_UNITS[:-1]:
        if amount < 1024:  # noqa: PLR2004 - the binary units' own step
            return f"{amount:,.0f} {unit}" if unit == _BINARY_UNITS[0] else f"{amount:,.1f} {unit}"
        amount /= 1024
    return f"{amount:,.1f} {_BINARY_UNITS[-1]}"


def duration_in_words(duration: timedelta) -> str:
    """Days and hours, or hours and minutes."""
    minutes = int(duration.total_seconds() // 60)
    days, hours = divmod(minutes // 60, 24)
    return f"{days} d {hours} h" if days else f"{hours} h {minutes % 60} min"
