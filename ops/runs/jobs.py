"""The runs of the Glue jobs, and the files that each wrote."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from lake import glue_logs
from lake.keys import report_key
from lake.object_index.totals import Totals
from lake.stacks import LOCAL_STACK
from lake.threads import worked_ahead
from ops.jobs.local_log import RUNNING, recorded_runs
from ops.runs.model import Run, first_line
from ops.stack.numbers import counted
from ops.stack.object_index import totals_of
from ops.stack.target import Target
from reports import REPORTS

_JOBS: Final = ("warehouse", "sanitise", "publish", "mart")
_REQUESTS_AT_ONCE: Final = 8


def job_runs(target: Target, most: int) -> list[Run]:
    """Return the newest runs of the stack's jobs.

    Their counts cover only files that no later run has replaced.
    """
    read = _runs_here if target.stack == LOCAL_STACK else _runs_of_glue
    runs = sorted(read(target, most), key=lambda run: run.started_at, reverse=True)[:most]
    if not runs:
        return []
    totals, reports = totals_of(target), _reports_by_run(target)
    of_runs = worked_ahead(lambda run: totals.of_run(run.id), runs, _REQUESTS_AT_ONCE)
    return [
        replace(run, counts=_in_words(by_dataset.values(), reports.get(run.id, [])))
        for run, by_dataset in zip(runs, of_runs, strict=True)
    ]


def _runs_of_glue(target: Target, most: int) -> Iterator[Run]:
    glue = target.client("glue")
    for job in _JOBS:
        name = target.exports[f"{job}Job"]
        for found in glue.get_job_runs(JobName=name, MaxResults=min(most, 200))["JobRuns"]:
            yield glue_run(name, found)


def glue_run(job: str, found: Mapping[str, Any]) -> Run:
    """Return a run from Glue's description."""
    return Run(
        what=job,
        started_at=found["StartedOn"].astimezone(UTC),
        ended_at=found["CompletedOn"].astimezone(UTC) if found.get("CompletedOn") else None,
        result=found["JobRunState"],
        counts="",
        error=first_line(found.get("ErrorMessage")),
        id=found["Id"],
    )


def _runs_here(target: Target, most: int) -> Iterator[Run]:
    job = target.client("glue").get_job(JobName=target.exports["warehouseJob"])["Job"]
    group = glue_logs.log_group(job["DefaultArguments"], glue_logs.OUTPUT)
    for run_id, first, last in recorded_runs(target, group, most):
        if "job" in first:
            yield recorded_run(run_id, first, last)


def recorded_run(run_id: str, first: Mapping[str, Any], last: Mapping[str, Any]) -> Run:
    """Return a local run from its first and last log event."""
    state = str(last.get("state", RUNNING))
    return Run(
        what=str(first["job"]),
        started_at=_time(first["timestamp"]),
        ended_at=None if state == RUNNING else _time(last["timestamp"]),
        result=state,
        counts="",
        error=first_line(last.get("error")),
        id=run_id,
    )


def _time(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def _in_words(totals: Collection[Totals], report_rows: Sequence[int]) -> str:
    """Describe the files that one run wrote."""
    said: list[str] = []
    objects, rows_in, quarantined = (
        sum(getattr(each, name) for each in totals) for name in ("processed", "rows_in", "rows_quarantined")
    )
    if objects:
        said.append(f"{counted(objects, 'object')}, {counted(rows_in, 'row')} in, {quarantined:,} quarantined")
    if report_rows:
        said.append(f"{counted(len(report_rows), 'report')}, {counted(sum(report_rows), 'row')}")
    return ", ".join(said)


def _reports_by_run(target: Target) -> Mapping[str, list[int]]:
    """Return the rows of each report by the run that computed it; this needs one request for each declared report."""
    s3 = target.client("s3")
    found: defaultdict[str, list[int]] = defaultdict(list)
    for report in REPORTS.values():
        try:
            key = report_key(report.team, report.name, "parquet")
            metadata = s3.head_object(Bucket=target.bucket, Key=key)["Metadata"]
        except s3.exceptions.ClientError as error:
            if error.response["Error"]["Code"] not in {"404", "NoSuchKey"}:
                raise
        else:
            found[metadata["run"]].append(int(metadata["rows"]))
    return found
