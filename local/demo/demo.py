"""The demo: files, a table and posted events become reports that only their teams can read, each step checked."""

import io
import json
import os
import shutil
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from datasets import DATASETS
from lake.keys import InboundObject, report_key
from lake.parameters import FRESH
from lake.stacks import LOCAL_STACK
from local.demo.access_check import AccessMatrix, team_client, try_access
from local.demo.events import EventsLeg, EventsResult
from local.demo.own_file import check_own_file
from local.demo.sample import DemoSample, ExpectedRows, load_sample
from local.demo.steps import Steps
from local.errors import LocalError
from local.platform_instance import PARAMETER_PREFIX, LocalPlatform
from ops.ingest.collect import collect
from ops.ingest.extract import extract
from ops.jobs.as_process import ProcessRunner
from ops.jobs.log_lines import readable_line
from ops.jobs.workflow import SUCCEEDED, read_triggers, walk
from ops.stack.row_accounts import RowAccount, landed_objects, row_account
from ops.stack.target import Target, find_target
from processing.declaring.dataset import SftpSource
from reports import REPORTS


class DemoFailedError(LocalError):
    """The demo saw something that has to hold, and did not."""


@dataclass(frozen=True, slots=True)
class ObjectResult:
    """What became of one landed object."""

    inbound: InboundObject
    account: RowAccount
    refused_by_rule: dict[str, int]
    """Rows by the rule that they broke; a row that broke two counts for both."""


@dataclass(frozen=True, slots=True)
class DemoResult:
    """Everything that the demo saw."""

    objects: list[ObjectResult]
    events: EventsResult
    report_rows: dict[str, int]
    shown_report_name: str
    shown_report: pl.DataFrame
    access: AccessMatrix
    second_collection: dict[str, Any]
    seconds: dict[str, float]


def run_demo(
    platform: LocalPlatform, steps: Steps, own_file: Path | None = None, events: int | None = None
) -> DemoResult:
    """Run the demo on a platform, which is started if it does not run and stays up.

    Args:
        platform: the platform.
        steps: shows progress.
        own_file: the caller's own file for the SFTP server; the sample writes one if not given.
        events: how many sound ones to post, by default as many as the sample says; wrong and repeated ones are more.

    Raises:
        local.demo.sample.NoSampleError: the checkout has no sample.
        local.demo.own_file.UnsuitableFileError: the caller's file does not fit the dataset; nothing was done.
        DemoFailedError, EventsLostError, UnexpectedAnswerError: something that has to hold did not.
    """
    sample = load_sample()
    dataset = sample.file_dataset
    source = _source_of(dataset)
    if own_file is not None:
        check_own_file(own_file, DATASETS[dataset], source)
    file = own_file or platform.state_directory / f"{dataset}.csv"
    with steps.step("Start the platform and deploy the program") as step:
        deployment = platform.up(progress=step.tell)
        step.outcome = f"{deployment.created} resources created, {deployment.unchanged} unchanged"
    target = find_target(LOCAL_STACK, platform.state_directory)
    with steps.step(f"Put a file of {dataset} on the SFTP server") as step:
        expected = None if own_file else sample.write_file(file)
        step.outcome = _place(file, platform.source.root / source.directory)
    with steps.step("Post events, like a website and a payment provider") as step:
        leg = EventsLeg(target, sample, file, events or sample.events)
        step.outcome = leg.post(lambda done, total: step.count(done, total, "events"))
    with steps.step("Collect the file, like its schedule") as step:
        first = collect(target, dataset)
        step.outcome = _describe_collection(first)
    with steps.step(f"Extract {sample.table_dataset} from the SQL Server, like its schedule") as step:
        step.outcome = _extract(target, sample.table_dataset, step.tell)
    with steps.step("Wait until the events have landed") as step:
        step.outcome = leg.wait(step.tell)
    with steps.step("Run the workflow's jobs") as step:
        step.outcome = _run_workflow(target, step.tell)
    with steps.step("Check that every row is counted") as step:
        objects = [_examine(target, landed.inbound) for landed in landed_objects(target, dataset)]
        if expected is not None:
            _compare(expected, objects, file.name)
        step.outcome = f"{sum(thing.account.rows_in for thing in objects):,} rows"
    with steps.step("Find each event exactly once") as step:
        found = leg.check()
        step.outcome = f"{found.shown:,} in the published table, {found.account.rows_in:,} landed"
    with steps.step("Read each report as its team") as step:
        reports = {name: _read_report(target, name) for name in REPORTS}
        step.outcome = f"{len(reports)} reports"
    with steps.step("Try to read every report and prefix as each team") as step:
        access = try_access(target)
        if surprises := access.surprises():
            raise DemoFailedError("access differs from the policies; report this:\n" + "\n".join(surprises))
        step.outcome = "each team reads only its own reports, decided by the emulator's IAM"
    with steps.step("Collect again") as step:
        second = collect(target, dataset)
        if second["collected"]:
            raise DemoFailedError(f"a second collection landed files again: {second['collected']}; report this")
        step.outcome = f"no file was collected twice, {second['unchanged']} unchanged"
    with steps.step("Change both sources, and collect only the changes") as step:
        step.outcome = _take_increments(platform, target, sample, step.tell)
    return DemoResult(
        objects=objects,
        events=found,
        report_rows={name: report.height for name, report in reports.items()},
        shown_report_name=sample.shown_report,
        shown_report=reports[sample.shown_report],
        access=access,
        second_collection=second,
        seconds=dict(steps.seconds),
    )


def _source_of(dataset: str) -> SftpSource:
    source = DATASETS[dataset].source
    assert isinstance(source, SftpSource)  # noqa: S101 - the sample's own dataset
    return source


def _extract(target: Target, dataset: str, tell: Callable[[str], None]) -> str:
    """Extract a dataset and return how many rows arrived."""
    said: list[str] = []

    def hear(line: str) -> None:
        tell(readable_line(line))
        said.append(line)

    extract(target, dataset, hear)
    rows = [fields["rows"] for fields in map(json.loads, said) if "rows" in fields]
    return f"{sum(rows):,} rows"


def _take_increments(platform: LocalPlatform, target: Target, sample: DemoSample, tell: Callable[[str], None]) -> str:
    """A second file on the SFTP server and changes in the SQL Server: only these are taken, not what was there."""
    dataset, source = sample.file_dataset, _source_of(sample.file_dataset)
    later = platform.state_directory / f"{dataset}-later.csv"
    sample.write_later_file(later)
    placed = _place(later, platform.source.root / source.directory)
    tell(placed)
    server = platform.sql_servers[sample.database]
    with server.connect(server.database(target, PARAMETER_PREFIX)) as connection:
        sample.change_table(connection)
    files = _describe_collection(collect(target, dataset))
    rows = _extract(target, sample.table_dataset, tell)
    _run_workflow(target, tell)
    return f"{files}; {rows} of {sample.table_dataset}"


def _place(file: Path, folder: Path) -> str:
    """Copy a file to the server unless it is there already: a new time would make it a changed file."""
    folder.mkdir(parents=True, exist_ok=True)
    destination = folder / file.name
    if destination.exists() and destination.read_bytes() == file.read_bytes():
        return f"{file.name} is already there"
    # Renamed into place, so that no collection sees half of it.
    unfinished = folder / f".{file.name}.part"
    shutil.copyfile(file, unfinished)
    # A fresher file is left to a later run, which the demo would have to wait for.
    written = time.time() - FRESH.total_seconds()
    os.utime(unfinished, (written, written))
    unfinished.replace(destination)
    return f"{file.name}, {destination.stat().st_size:,} bytes"


def _compare(sample: ExpectedRows, objects: list[ObjectResult], file_name: str) -> None:
    """Compare with what the sample's maker expects of each of its rows."""
    expected = RowAccount(sample.rows, sample.warehouse, sample.quarantined, sample.duplicates)
    found = [thing.account for thing in objects if thing.inbound.file_name == file_name]
    if expected not in found:
        raise DemoFailedError(f"the sample should give {expected}, but gave {found}; report this")


def _describe_collection(summary: dict[str, Any]) -> str:
    landed = [str(entry["key"]) for entry in summary["collected"]]
    return ", ".join(landed) if landed else f"nothing new, {summary['unchanged']} unchanged"


def _run_workflow(target: Target, tell: Callable[[str], None]) -> str:
    runner = ProcessRunner(target, on_line=lambda line: tell(readable_line(line)))
    triggers = read_triggers(target.client("glue"), target.exports["refineWorkflow"])

    def run_one(job: str) -> str:
        tell(job)
        runner.run(job)
        return SUCCEEDED

    return ", then ".join(job for job, _ in walk(triggers, run_one))


def _examine(target: Target, inbound: InboundObject) -> ObjectResult:
    account = row_account(target, inbound)
    if not account.balances:
        raise DemoFailedError(f"the rows in and out of {inbound.key} do not add up: {account}; report this")
    quarantine = _read_parquet(target.client("s3"), target.bucket, inbound.quarantine_key)
    nameless = quarantine.filter(pl.col("line").is_null() | (pl.col("rules").list.len() == 0))
    if quarantine.height != account.quarantined or nameless.height:
        raise DemoFailedError(
            f"the quarantine of {inbound.key} lacks the line or the rules of a refused row; report this"
        )
    rules = Counter(rule for rules in quarantine["rules"] for rule in rules)
    return ObjectResult(inbound, account, dict(rules.most_common()))


def _read_report(target: Target, name: str) -> pl.DataFrame:
    report = REPORTS[name]
    client = team_client(target, report.team, "s3")
    return _read_parquet(client, target.bucket, report_key(report.team, name, "parquet"))


def _read_parquet(s3: Any, bucket: str, key: str) -> pl.DataFrame:  # noqa: ANN401 - a boto3 client
    return pl.read_parquet(io.BytesIO(s3.get_object(Bucket=bucket, Key=key)["Body"].read()))
