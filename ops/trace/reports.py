"""The reports that are made of a dataset: when each was made, and which of its rows depend on one row."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from pyiceberg.table import Table

from datasets import DATASETS
from lake.keys import report_key
from ops.stack.published_tables import opener_of
from ops.stack.row_accounts import head
from ops.stack.target import Target
from ops.trace.model import Progress, Step, TraceError, time_of
from processing.declaring.dataset import Dataset
from processing.declaring.report import Report
from processing.registry.registry import usable
from processing.reporting.graph import datasets_within
from processing.reporting.inputs import OpenTable, rows_of_table
from processing.reporting.snapshots import is_unchanged_since, size_of
from processing.tracing.keys import Key
from processing.tracing.reports import rows_that_depend
from reports import REPORTS

CHEAP_BYTES: Final = 64 * 1024 * 1024
"""Size of the inputs' published tables up to which a report is computed to find its rows."""
CHEAP_FILES: Final = 1_000
"""Number of the tables' files up to which a report is computed."""


def reports_of(target: Target, dataset: str, written_at: datetime) -> Iterator[Step]:
    """The reports that are made of a dataset, and whether each was made since one of its files was written."""
    open_table = _opened_once(opener_of(target))
    for report in _made_of(dataset):
        yield Step("report", (_key(report), _made(target, report, dataset, written_at, open_table)))
    yield from _broken_reports()


def reports_of_row(target: Target, dataset: str, key: Key, written_at: datetime, progress: Progress) -> Iterator[Step]:
    """The same, with the rows of each report that would be others without that row, where that is cheap to know."""
    open_table = _opened_once(opener_of(target))
    reports = _made_of(dataset)
    reasons = _not_computed(reports, open_table)
    if len(reasons) < len(reports):
        progress("computing the reports with and without the row")
    for report in reports:
        reason = reasons.get(report.name)
        told = (
            f"rows that depend on this row: not computed, {reason}"
            if reason
            else _differing(report, dataset, key, open_table)
        )
        yield Step("report", (_key(report), _made(target, report, dataset, written_at, open_table), told))
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
                yield Step("report", (key, "not computed yet; run `run mart`"))
                return
            metadata = found["Metadata"]
            yield Step("inputs", tuple(f"{each} rows" for each in metadata["input-rows"].split(",")))
            if snapshots := metadata.get("snapshots"):
                # A report that was made by an earlier version of the program has none.
                yield Step("snapshots", tuple(snapshots.split(",")))
            yield Step("landed", tuple(f"newest {each}" for each in metadata["newest-landing-dates"].split(",")))
            made = f"computed {time_of(found['LastModified'])} by run {metadata['run']}, {metadata['rows']} rows"
            yield Step("report", (key, made, f"read by the team {report.team}"))
            return
    raise TraceError(f"{key} is not a file of a report; choose one of the reports {', '.join(REPORTS)}")


def _made_of(dataset: str) -> list[Report]:
    reports = usable(REPORTS)[0]
    return [report for report in reports.values() if dataset in datasets_within(report, reports)]


def _opened_once(open_table: OpenTable) -> OpenTable:
    opened: dict[str, Table | None] = {}

    def open_or_opened(dataset: Dataset) -> Table | None:
        if dataset.name not in opened:
            opened[dataset.name] = open_table(dataset)
        return opened[dataset.name]

    return open_or_opened


def _broken_reports() -> Iterator[Step]:
    """The reports whose file is broken: whether they read the dataset is not known."""
    if broken := usable(REPORTS)[1]:
        yield Step("not known", tuple(str(error) for error in broken.values()))


def _not_computed(reports: Sequence[Report], open_table: OpenTable) -> dict[str, str]:
    """Why reports are not computed, by their names."""
    _, broken = usable(DATASETS)
    known = usable(REPORTS)[0]
    reasons: dict[str, str] = {}
    for report in reports:
        names = datasets_within(report, known)
        if failed := [str(broken[name]) for name in names if name in broken]:
            reasons[report.name] = failed[0]
            continue
        sizes = [size_of(table) for name in names if (table := open_table(DATASETS[name])) is not None]
        size, files = sum(each.bytes for each in sizes), sum(each.files for each in sizes)
        if size > CHEAP_BYTES or files > CHEAP_FILES:
            reasons[report.name] = f"reading {size:,} bytes in {files:,} files would take too long"
    return reasons


def _differing(report: Report, dataset: str, key: Key, open_table: OpenTable) -> str:
    known = usable(REPORTS)[0]
    names = datasets_within(report, known)
    published = {name: rows_of_table(DATASETS[name], open_table(DATASETS[name])) for name in names}
    rows = rows_that_depend(report, published, dataset, key, known)
    counts = [", ".join(f"{name} {value}" for name, value in row.items()) for row in rows]
    return f"rows that depend on this row: {'; '.join(counts)}" if counts else "rows that depend on this row: none"


def _keys(report: Report) -> list[str]:
    return [report_key(report.team, report.name, extension) for extension in ("parquet", "csv")]


def _key(report: Report) -> str:
    return report_key(report.team, report.name, "parquet")


def _made(target: Target, report: Report, dataset: str, written_at: datetime, open_table: OpenTable) -> str:
    found = head(target, _key(report))
    if found is None:
        return "not computed yet; run `run mart`"
    made = f"computed {time_of(found['LastModified'])} by run {found['Metadata']['run']}"
    if found["LastModified"] >= written_at:
        return made
    table = open_table(DATASETS[dataset])
    read = dict(each.split("=") for each in found["Metadata"].get("snapshots", "").split(",") if each)
    snapshot = read.get(dataset, "")
    if table is not None and snapshot.isdecimal() and is_unchanged_since(table, int(snapshot)):
        return f"{made}, from rows of {dataset} that have not changed since"
    return f"{made}, before this row was published; run `run mart`"
