"""The mart job: each report is computed anew from the published views and replaces the team's files."""

import json
from argparse import ArgumentTypeError
from collections.abc import Mapping, Sequence
from typing import Final

import boto3
import polars as pl
from polars import selectors

from datasets import DATASETS
from jobs.errors import JobError
from lake.keys import report_key, reports_prefix
from lake.metrics import REPORT, ROWS_PUBLISHED
from processing.declaring.dataset import Dataset
from processing.declaring.report import Report
from processing.reporting import compute
from processing.running.job_run import Counts, JobRun, argument_parser
from processing.running.run_metrics import RunMetrics, add_metrics_namespace, run_metrics
from processing.storage.columns import LANDED_ON
from processing.storage.parquet import MEDIA_TYPE, parquet_bytes
from processing.storage.store import S3Store, Store
from processing.storage.views import published_view
from reports import REPORTS

# The last four are what Excel takes for the first four.
_FORMULA: Final = "^[=+@\t\r\\-\uff1d\uff0b\uff0d\uff20]"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the job as Glue or a person starts it.

    Raises:
        JobFailedError: some reports failed; all others were done.
    """
    parser = argument_parser("mart", __doc__ or "")
    parser.add_argument("--report", choices=sorted(REPORTS), help="this report alone; all of them if not given")
    parser.add_argument(
        "--team-keys",
        dest="encryption_keys",
        type=_encryption_keys,
        default={},
        help='the KMS keys of the teams\' reports, as JSON: {"finance": "arn:…"}; the others have the bucket\'s',
    )
    add_metrics_namespace(parser)
    options, _glue_arguments = parser.parse_known_args(arguments)
    reports = {options.report: REPORTS[options.report]} if options.report else REPORTS
    publish(
        S3Store(boto3.client("s3"), options.bucket, options.encryption_keys),
        reports,
        DATASETS,
        options.run_id,
        run_metrics(options),
        options.workflow_run,
    )


def publish(
    store: Store,
    reports: Mapping[str, Report],
    datasets: Mapping[str, Dataset],
    run_id: str,
    metrics: RunMetrics | None = None,
    workflow_run: str | None = None,
) -> None:
    """Compute and write some reports. A view that several of them read is read once.

    Raises:
        JobFailedError: some reports failed, or their declarations or inputs are broken; all others were done.
    """
    views: dict[str, pl.DataFrame] = {}
    rows: dict[str, dict[str, int]] = {}

    def view(name: str) -> pl.DataFrame:
        if name not in views:
            views[name] = _collected(published_view(store, datasets[name]), name)
        return views[name]

    def work(name: str) -> Counts:
        report = reports[name]
        counts = publish_report(store, report, {name: view(name) for name in report.inputs}, run_id)
        rows[name] = {ROWS_PUBLISHED: counts["rows"]}
        return counts

    run = JobRun("mart", run_id, workflow_run)
    try:
        run.process("report", reports, work)
    finally:
        if metrics is not None:
            metrics.publish(REPORT, rows, run)


def _encryption_keys(text: str) -> dict[str, str]:
    """ARNs of keys, by the prefix of what they encrypt."""
    try:
        return {reports_prefix(team): str(arn) for team, arn in json.loads(text).items()}
    except (ValueError, AttributeError) as error:
        raise ArgumentTypeError(f"{text!r} is no JSON object of teams and their keys' ARNs: {error}") from None


class ForeignFilesError(JobError):
    """Warehouse files were written under another declaration, and what changed is more than a column that was added."""


def _collected(view: pl.LazyFrame, dataset: str) -> pl.DataFrame:
    try:
        return view.collect()
    except pl.exceptions.SchemaError as error:
        raise ForeignFilesError(
            f"warehouse files of {dataset} were written when a column had another type ({error}); write them anew: "
            f"run the job sanitise with --dataset {dataset}"
        ) from error


def publish_report(store: Store, report: Report, views: Mapping[str, pl.DataFrame], run_id: str) -> Counts:
    """Compute one report from its inputs' views and write it as parquet and as CSV, each in one step.

    Returns:
        What is logged of it: the team, the number of rows and the newest landing date of each input.
    """
    rows = compute(report, views)
    newest = {name: _newest_landing_date(view) for name, view in views.items()}
    metadata = {
        "rows": str(rows.height),
        "run": run_id,
        "input-rows": ",".join(f"{name}={view.height}" for name, view in views.items()),
        "newest-landing-dates": ",".join(f"{name}={landed_on}" for name, landed_on in newest.items()),
    }
    store.write(report_key(report.team, report.name, "parquet"), parquet_bytes(rows), MEDIA_TYPE, metadata)
    store.write(
        report_key(report.team, report.name, "csv"), for_spreadsheets(rows), "text/csv; charset=utf-8", metadata
    )
    return {"team": report.team, "rows": rows.height, "newest_landing_dates": newest}


def for_spreadsheets(rows: pl.DataFrame) -> bytes:
    """A report as CSV that a spreadsheet can open: no text of the data is a formula or controls a terminal.

    An apostrophe comes before text that a spreadsheet would take for a formula, as
    https://owasp.org/www-community/attacks/CSV_Injection recommends. A control character becomes U+FFFD. The parquet
    file of the report has the text as it is.
    """
    text = selectors.string()
    visible = text.str.replace_all(r"[\p{Cc}&&[^\t\n]]", "\ufffd")
    cells = pl.when(text.str.contains(_FORMULA)).then("'" + visible).otherwise(visible).name.keep()
    return rows.with_columns(cells).write_csv().encode()


def _newest_landing_date(view: pl.DataFrame) -> str:
    """Landing date of the newest row in the view, as YYYY-MM-DD; "none" if it has no rows."""
    newest = view[LANDED_ON].max()
    return "none" if newest is None else str(newest)
