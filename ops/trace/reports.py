"""The reports that stand on a dataset: when each was made, and which of its rows stand on one row."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

import polars as pl

from datasets import DATASETS
from lake.keys import report_key
from ops.stack.object_index import totals_of
from ops.stack.row_accounts import head
from ops.stack.target import Target
from ops.trace.model import Progress, Step, TraceError, time_of
from processing.declaring.report import Report
from processing.registry.registry import usable
from processing.tracing.keys import Key
from processing.tracing.reports import rows_that_depend, views_of
from reports import REPORTS

CHEAP_BYTES: Final = 64 * 1024 * 1024
"""Size of the inputs' warehouse files up to which a report is computed to find its rows."""
CHEAP_OBJECTS: Final = 1_000
"""Number of these files up to which a report is computed."""


def reports_of(target: Target, dataset: str, written_at: datetime) -> Iterator[Step]:
    """The reports that read a dataset, and whether each was made since one of its files was written."""
    for report in _reading(dataset):
        yield Step("report", (_key(report), _made(target, report, written_at)))
    yield from _broken_reports()


def reports_of_row(target: Target, dataset: str, key: Key, written_at: datetime, progress: Progress) -> Iterator[Step]:
    """The same, with the rows of each report that would be others without that row, where that is cheap to know."""
    reports = _reading(dataset)
    reasons = _not_computed(target, reports)
    computed = [report for report in reports if report.name not in reasons]
    if computed:
        progress("computing the reports with and without the row")
    inputs = sorted({name for report in computed for name in report.inputs})
    views = views_of(target.client("s3"), target.bucket, [DATASETS[name] for name in inputs])
    for report in reports:
        reason = reasons.get(report.name)
        told = f"which of its rows was not computed: {reason}" if reason else _differing(report, views, dataset, key)
        yield Step("report", (_key(report), _made(target, report, written_at), told))
    yield from _broken_reports()


def keys_of_reports() -> list[str]:
    """Keys of the files of every report whose declaration can be used."""
    return [key for report in usable(REPORTS)[0].values() for key in _keys(report)]


def report_steps(target: Target, key: str) -> Iterator[Step]:
    """What is known of a report, by the key of one of its files.

    Raises:
        TraceError: it is the key of none.
    """
    for report in REPORTS.values():
        if key in _keys(report):
            found = head(target, key)
            if found is None:
                yield Step("report", (key, "never made: `run mart` makes it"))
                return
            metadata = found["Metadata"]
            yield Step("views", tuple(f"{each} rows" for each in metadata["input-rows"].split(",")))
            yield Step("landed", tuple(f"newest {each}" for each in metadata["newest-landing-dates"].split(",")))
            made = f"made {time_of(found['LastModified'])} by run {metadata['run']}, {metadata['rows']} rows"
            yield Step("report", (key, made, f"read by the team {report.team}"))
            return
    raise TraceError(f"{key} is no file of a report; there are the reports {', '.join(REPORTS)}")


def _reading(dataset: str) -> list[Report]:
    return [report for report in usable(REPORTS)[0].values() if dataset in report.inputs]


def _broken_reports() -> Iterator[Step]:
    """The reports whose file is broken: whether they read the dataset is not known."""
    if broken := usable(REPORTS)[1]:
        yield Step("not known", tuple(str(error) for error in broken.values()))


def _not_computed(target: Target, reports: Sequence[Report]) -> dict[str, str]:
    """Why reports are not computed, by their names."""
    _, broken = usable(DATASETS)
    reasons = {report.name: str(broken[name]) for report in reports for name in report.inputs if name in broken}
    inputs = {name for report in reports if report.name not in reasons for name in report.inputs}
    totals = totals_of(target).of_datasets(inputs).values()
    size, objects = sum(each.warehouse_bytes for each in totals), sum(each.processed for each in totals)
    if size > CHEAP_BYTES or objects > CHEAP_OBJECTS:
        return {report.name: f"{size:,} bytes in {objects:,} files to read" for report in reports} | reasons
    return reasons


def _differing(report: Report, views: Mapping[str, pl.DataFrame], dataset: str, key: Key) -> str:
    rows = rows_that_depend(report, views, dataset, key)
    counts = [", ".join(f"{name} {value}" for name, value in row.items()) for row in rows]
    return f"would differ without it: {'; '.join(counts)}" if counts else "no row of it depends on this one"


def _keys(report: Report) -> list[str]:
    return [report_key(report.team, report.name, extension) for extension in ("parquet", "csv")]


def _key(report: Report) -> str:
    return report_key(report.team, report.name, "parquet")


def _made(target: Target, report: Report, written_at: datetime) -> str:
    found = head(target, _key(report))
    if found is None:
        return "never made: `run mart` makes it"
    made = f"made {time_of(found['LastModified'])} by run {found['Metadata']['run']}"
    return made if found["LastModified"] >= written_at else f"{made}, before this was in the warehouse: `run mart`"
