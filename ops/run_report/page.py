"""Writes the page: one HTML file that loads nothing from the network."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import jinja2

from ops.quarantine.rows import NEWEST_OBJECTS
from ops.run_report.chart.figure import ChartError
from ops.run_report.chart.picture import HEIGHT, WIDTH, Picture, picture_of
from ops.run_report.facts import DatasetFacts, ReportFacts

_BINARY_UNITS: Final = ("bytes", "KiB", "MiB", "GiB", "TiB")


def render_page(
    stack: str, datasets: Sequence[DatasetFacts], reports: Sequence[ReportFacts], now: datetime | None = None
) -> str:
    """Return the page as HTML. All data in it are escaped."""
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
        reports=[(report, *_drawn(report)) for report in reports],
        width=WIDTH,
        height=HEIGHT,
        newest_objects=NEWEST_OBJECTS,
    )


def _read_by(dataset: str, reports: Sequence[ReportFacts]) -> dict[str, int]:
    """Return the rows of a dataset's published table that each report read, by the report's name."""
    return {report.report.name: report.input_rows[dataset] for report in reports if dataset in report.input_rows}


def _drawn(report: ReportFacts) -> tuple[Picture | None, str]:
    """Return the chart of a computed report, or why it is not drawn."""
    if report.rows is None or report.report.chart is None:
        return None, ""
    try:
        return picture_of(report.report, report.rows), ""
    except ChartError as error:
        return None, str(error)


def size_in_words(size: int) -> str:
    """Format bytes in the unit that needs the fewest digits."""
    amount = float(size)
    for unit in _BINARY_UNITS[:-1]:
        if amount < 1024:  # noqa: PLR2004 - the binary units' own step
            return f"{amount:,.0f} {unit}" if unit == _BINARY_UNITS[0] else f"{amount:,.1f} {unit}"
        amount /= 1024
    return f"{amount:,.1f} {_BINARY_UNITS[-1]}"


def duration_in_words(duration: timedelta) -> str:
    """Format a duration as days and hours, or hours and minutes."""
    minutes = int(duration.total_seconds() // 60)
    days, hours = divmod(minutes // 60, 24)
    return f"{days} d {hours} h" if days else f"{hours} h {minutes % 60} min"
