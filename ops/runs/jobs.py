"""The runs of the Glue jobs, and what stands in the lake of each."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from datasets import DATASETS
from lake import glue_logs
from lake.keys import report_key
from lake.stacks import LOCAL_STACK
from ops.jobs.local_log import RUNNING, recorded_runs
from ops.runs.model import Run, first_line
from ops.stack.row_accounts import row_accounts, warehouse_files
from ops.stack.target import Target
from reports import REPORTS

_JOBS: Final = ("warehouse", "sanitise", "mart")
_FILES_READ: Final = 2000
"""Warehouse files whose accounting is read at most; of more, the newest."""


@dataclass(slots=True)
class _Left:
    """What stands in the lake of one run."""

    objects: int = 0
    rows_in: int = 0
    quarantined: int = 0
    reports: int = 0
    report_rows: int = 0

    def in_words(self) -> str:
        said: list[str] = []
        if self.objects:
            said.append(f"{self.objects:,} objects, {self.rows_in:,} rows in, {self.quarantined:,} quarantined")
        if self.reports:
            said.append(f"{self.reports:,} reports, {self.report_rows:,} rows")
        return ", ".join(said)


def job_runs(target: Target, most: int) -> list[Run]:
    """The newest runs of the stack's jobs.

    Their counts are of the files that are theirs still: what a later run has written anew is that one's.
    """
    read = _runs_here if target.stack == LOCAL_STACK else _runs_of_glue
    runs = sorted(read(target, most), key=lambda run: run.started_at, reverse=True)[:most]
    if not runs:
        return []
    left = _left_by_run(target, min(run.started_at for run in runs))
    return [replace(run, counts=left[run.id].in_words() if run.id in left else "") for run in runs]


def _runs_of_glue(target: Target, most: int) -> Iterator[Run]:
    glue = target.client("glue")
    for job in _JOBS:
        name = target.exports[f"{job}Job"]
        for found in glue.get_job_runs(JobName=name, MaxResults=min(most, 200))["JobRuns"]:
            yield glue_run(name, found)


def glue_run(job: str, found: Mapping[str, Any]) -> Run:
    """A run as Glue tells of it."""
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
    """A local run, from its first and its last word."""
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


def _left_by_run(target: Target, since: datetime) -> Mapping[str, _Left]:
    """By the run that wrote them last, the files that were written since."""
    left: defaultdict[str, _Left] = defaultdict(_Left)
    # S3 keeps whole seconds.
    begin = since.replace(microsecond=0)
    files = sorted(
        (file for dataset in DATASETS for file in warehouse_files(target, dataset) if file.written_at >= begin),
        key=lambda file: file.written_at,
    )
    for account in row_accounts(target, [file.inbound for file in files[-_FILES_READ:]]):
        mine = left[account.run]
        mine.objects += 1
        mine.rows_in += account.rows_in
        mine.quarantined += account.quarantined
    for metadata in _report_metadata(target):
        mine = left[metadata["run"]]
        mine.reports += 1
        mine.report_rows += int(metadata["rows"])
    return left


def _report_metadata(target: Target) -> Sequence[Mapping[str, str]]:
    s3 = target.client("s3")
    keys = [report_key(report.team, report.name, "parquet") for report in REPORTS.values()]
    found: list[Mapping[str, str]] = []
    for key in keys:
        try:
            found.append(s3.head_object(Bucket=target.bucket, Key=key)["Metadata"])
        except s3.exceptions.ClientError as error:
            if error.response["Error"]["Code"] not in {"404", "NoSuchKey"}:
                raise
    return found
