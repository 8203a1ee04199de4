"""The mart job: computes the reports whose inputs have changed, and replaces their teams' files."""

import argparse
import json
from argparse import ArgumentTypeError
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import boto3
from pyiceberg.table import Table

from datasets import DATASETS
from lake.keys import reports_prefix
from lake.metrics import REPORT, ROWS_PUBLISHED
from processing.declaring.dataset import Dataset
from processing.declaring.report import Report
from processing.publishing.catalogue import open_catalogue, published_tables
from processing.registry.registry import usable
from processing.reporting.files import NO_SNAPSHOT, SNAPSHOTS, VERSION, is_written, was_made_of, write_report
from processing.reporting.graph import inputs_first
from processing.reporting.inputs import Inputs, OpenTable
from processing.reporting.snapshots import MomentError, parse_moment
from processing.running.job_run import Counts, JobRun, Result, argument_parser, attempt
from processing.running.run_metrics import RunMetrics, add_metrics_namespace, run_metrics
from processing.storage.store import S3Store, Store
from reports import REPORTS

UNCHANGED: Final = "unchanged"
WAITING: Final = "waiting"
"""Outcome of a report that was left as it was, because nothing that it is computed from has changed."""
_NONE: Final = "none"


@dataclass(frozen=True, slots=True)
class Choice:
    """Which reports a run computes."""

    only: str | None = None
    """This one alone. None: all that have no schedule of their own."""
    force: bool = False
    """Compute them even if nothing has changed."""
    as_of: datetime | int | None = None
    """Compute them from what the tables had at this time, or at the time of the snapshot with this id."""

    def names(self, reports: Mapping[str, Report]) -> list[str]:
        """The reports' names, each after those that it is made of. Broken declarations are among them."""
        found, _ = usable(reports)
        wanted = [self.only] if self.only else [*reports]
        names = [name for name in wanted if self.only or name not in found or found[name].schedule is None]
        return inputs_first(names, found)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the job as Glue or a person starts it.

    Raises:
        JobFailedError: some reports failed; all others were done.
    """
    options, _glue_arguments = _parser().parse_known_args(arguments)
    catalogue = open_catalogue()

    def open_table(dataset: Dataset) -> Table | None:
        tables = published_tables(catalogue, options.database, options.bucket, dataset)
        return tables.found(tables.live)

    publish(
        S3Store(boto3.client("s3"), options.bucket, options.encryption_keys),
        open_table,
        REPORTS,
        DATASETS,
        JobRun("mart", options.run_id, options.workflow_run),
        choice=Choice(options.report, options.force, options.as_of),
        metrics=run_metrics(options),
    )


def _parser() -> argparse.ArgumentParser:
    parser = argument_parser("mart", __doc__ or "")
    parser.add_argument("--database", required=True, help="Glue database of the published tables")
    parser.add_argument(
        "--report",
        choices=sorted(REPORTS),
        help="only this report; default: all reports without a schedule of their own",
    )
    # Glue gives each argument a value.
    parser.add_argument(
        "--force",
        nargs="?",
        const=True,
        default=False,
        type=_flag,
        help="also compute reports whose inputs have not changed",
    )
    parser.add_argument(
        "--as-of",
        type=_moment,
        help="compute from the rows of this time, such as 2026-11-22T05:00:00Z, or of the snapshot with this id",
    )
    parser.add_argument(
        "--team-keys",
        dest="encryption_keys",
        type=_encryption_keys,
        default={},
        help='KMS keys of the teams\' reports, as JSON: {"finance": "arn:…"}; other teams use the bucket\'s key',
    )
    add_metrics_namespace(parser)
    return parser


def publish(
    store: Store,
    open_table: OpenTable,
    reports: Mapping[str, Report],
    datasets: Mapping[str, Dataset],
    run: JobRun,
    *,
    choice: Choice | None = None,
    metrics: RunMetrics | None = None,
) -> None:
    """Compute and write reports. One whose files are what they would be now is left as it is.

    Args:
        store: the lake, for the reports' files.
        open_table: opens the datasets' published tables. Each is opened at most once.
        reports: all that are declared.
        datasets: all that are declared.
        run: logs how each report went.
        choice: which reports; those without a schedule if not given.
        metrics: publishes the number of rows of each report that was computed.

    Raises:
        JobFailedError: some reports failed, or their declarations or inputs are broken; all others were done.
    """
    chosen = choice or Choice()
    inputs = Inputs(reports, datasets, open_table, chosen.as_of)
    names = chosen.names(reports)
    rows: dict[str, dict[str, int]] = {}

    def work(name: str) -> Counts:
        report = reports[name]
        if not chosen.force and is_written(store, report, inputs.version_of(report)):
            return {"team": report.team, "outcome": UNCHANGED}
        missing = [] if chosen.force else inputs.unpublished(report)
        # The report would be empty until its rows are published, such as after an upgrade.
        if missing and was_made_of(store, report, missing):
            return {"team": report.team, "outcome": WAITING, "reason": f"{', '.join(missing)} not published yet"}
        counts = publish_report(store, report, inputs, run.run_id)
        rows[name] = {ROWS_PUBLISHED: counts["rows"]}
        return counts

    def results() -> Iterator[Result]:
        for name in names:
            result = attempt(work, name)
            if result.error is not None:
                inputs.failed(name, result.error)
            yield result

    left_out = {} if chosen.only else {"scheduled": len(reports) - len(names)}
    try:
        run.finish("report", results(), **left_out)
    finally:
        if metrics is not None:
            metrics.publish(REPORT, rows, run)


def publish_report(store: Store, report: Report, inputs: Inputs, run_id: str) -> Counts:
    """Compute one report and write it as parquet and as CSV, each in one step.

    Returns:
        What is logged of it: the team, the number of rows and the newest landing date of each input.
    """
    rows = inputs.rows_of(report)
    facts = inputs.facts_of(report)
    newest = {name: str(fact.newest or _NONE) for name, fact in facts.items()}
    metadata = {
        "rows": str(rows.height),
        "run": run_id,
        "input-rows": _pairs({name: fact.rows for name, fact in facts.items()}),
        "newest-landing-dates": _pairs(newest),
        SNAPSHOTS: _pairs({name: each or NO_SNAPSHOT for name, each in inputs.snapshots_of(report).items()}),
        VERSION: inputs.version_of(report),
    }
    write_report(store, report, rows, metadata)
    return {"team": report.team, "rows": rows.height, "newest_landing_dates": newest}


def _moment(text: str) -> datetime | int:
    try:
        return parse_moment(text)
    except MomentError as error:
        raise ArgumentTypeError(str(error)) from None


def _pairs(values: Mapping[str, object]) -> str:
    return ",".join(f"{name}={value}" for name, value in values.items())


def _flag(text: str) -> bool:
    if text not in {"true", "false"}:
        raise ArgumentTypeError(f"{text!r} is not true or false")
    return text == "true"


def _encryption_keys(text: str) -> dict[str, str]:
    """ARNs of keys, by the prefix of what they encrypt."""
    try:
        return {reports_prefix(team): str(arn) for team, arn in json.loads(text).items()}
    except (ValueError, AttributeError) as error:
        raise ArgumentTypeError(f"{text!r} is not a JSON object of teams and the ARNs of their keys: {error}") from None
