"""AWS Lambda `sftp_collector`: collects the files of the dataset that the schedule names.

Each dataset has two schedules: its own, and a frequent one that only resumes what a run left.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

import boto3
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.exceptions import BotoCoreError, ClientError

from functions.environment import read_environment
from functions.errors import CollectorError
from functions.observability import Measure, logger, observed, publish
from functions.sftp_collector.collect import Collector
from functions.sftp_collector.configuration import (
    Settings,
    read_collection,
    read_connection,
    read_event,
    read_parameter,
)
from functions.sftp_collector.connection import connect
from functions.sftp_collector.errors import explain
from functions.sftp_collector.login import address, read_private_key
from functions.sftp_collector.result import CollectionResult
from functions.sftp_collector.transfer import Destination
from functions.sftp_collector.worker import WorkerSettings
from functions.sftp_collector.workers import Workers
from lake.ledger.ledger import Ledger
from lake.ledger.runs import Outcome, Run, Runs
from lake.ledger.strays import StrayUploads
from lake.metrics import BYTES_COLLECTED, DATASET, FILES_COLLECTED, FILES_NOT_COLLECTED
from lake.object_metadata import CORRELATION_ID


class CollectionFailedError(CollectorError):
    """Something could not be collected. The message lists each failure with its reason; all else was collected."""


@observed
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Collect one dataset.

    Args:
        event: {"dataset": "vehicles"}. With "continue": true the function does nothing, and does not contact the
            server, unless the last run left work.
        context: the Lambda context.

    Returns:
        {"dataset", "collected": [{"source", "key", "bytes", "checksum"}], "unchanged": count, "elsewhere": count,
        "remaining": count, "failed": [], "left_out": {reason: count}}; `result` explains the counts.

    Raises:
        CollectionFailedError: A file or the whole directory failed. Lambda retries; the last failure goes to the
            dead-letter queue and the alarm.
        ConfigurationError: The event or the stack's parameters are invalid.
        InvalidEnvironmentError: An environment variable is missing or invalid.
        SourceUnavailableError: The parameter of the private key does not hold an RSA key.
    """
    settings = read_environment(Settings)
    wanted = read_event(event)
    logger.append_keys(dataset=wanted.dataset)
    if wanted.continues and not Runs(boto3.client("dynamodb"), settings.ledger_table).left_work(wanted.dataset):
        return asdict(CollectionResult(wanted.dataset))
    about = {CORRELATION_ID: context.aws_request_id}
    return collect_dataset(wanted.dataset, settings, about, lambda: context.get_remaining_time_in_millis() / 1000)


def collect_dataset(
    dataset: str, settings: Settings, about: Mapping[str, str], time_left: Callable[[], float]
) -> dict[str, Any]:
    """Collect one dataset with the environment's credentials. Returns and raises as `handler` does.

    Args:
        dataset: the dataset's name.
        settings: the function's settings.
        about: metadata of the collected objects.
        time_left: returns the seconds until the function is killed; the collector stops earlier.
    """
    parameters = boto3.client("ssm")
    collection = read_collection(parameters, settings.parameter_prefix, dataset)
    connection = read_connection(parameters, settings.parameter_prefix, collection.connection)
    key_parameter = connection.private_key_parameter
    client_key = read_private_key(read_parameter(parameters, key_parameter), key_parameter)
    lake = Destination(boto3.client("s3"), settings.bucket, "", about)
    worker = WorkerSettings(
        lambda: connect(connection, client_key),
        lambda: Ledger(boto3.client("dynamodb"), settings.ledger_table),
        settings.bucket,
        about,
    )
    with Workers(worker, settings.workers) as workers:
        # The workers connect to the server while this process asks the ledger.
        dynamodb = boto3.client("dynamodb")
        runs = Runs(dynamodb, settings.ledger_table)
        run = _begin(runs, dataset, time_left())
        collector = Collector(
            collection,
            workers,
            Ledger(dynamodb, settings.ledger_table),
            lambda listed: StrayUploads(dynamodb, settings.ledger_table, listed),
            lake,
            time_left,
        )
        result = collector.run(follows_unfinished=run.follows_unfinished)
    _end(runs, run, result, leaves_work=collector.leaves_work)
    _measure(result)
    if result.failed:
        raise CollectionFailedError(_report(result, address(connection)))
    counts = {name: getattr(result, name) for name in ("unchanged", "elsewhere", "remaining", "left_out")}
    logger.info("done", extra={"collected": len(result.collected), **counts})
    return asdict(result)


def _begin(runs: Runs, dataset: str, seconds: float) -> Run:
    try:
        return runs.begin(dataset, seconds)
    except (BotoCoreError, ClientError) as error:
        raise CollectionFailedError(
            f"dataset {dataset}: the ledger refused the run, and nothing was collected: {explain(error)}"
        ) from error


def _end(runs: Runs, run: Run, result: CollectionResult, *, leaves_work: bool) -> None:
    first = next((f"{each.source}: {each.error}" for each in result.failed), "")
    collected_bytes = sum(file.bytes for file in result.collected)
    outcome = Outcome(len(result.collected), collected_bytes, len(result.failed), first)
    try:
        runs.end(run, outcome, leaves_work=leaves_work)
    except (BotoCoreError, ClientError) as error:
        # The run counts as killed once its time is over, and the next schedule finds any remaining work.
        logger.warning("the end of the run was not recorded", extra={"error": explain(error)})


def _measure(result: CollectionResult) -> None:
    publish(
        Measure(FILES_COLLECTED, len(result.collected)),
        Measure(BYTES_COLLECTED, sum(file.bytes for file in result.collected), MetricUnit.Bytes),
        Measure(FILES_NOT_COLLECTED, len(result.failed)),
        dimensions={DATASET: result.dataset},
    )


def _report(result: CollectionResult, source: str) -> str:
    lines = "\n".join(f"- {failure.source}: {failure.error}" for failure in result.failed)
    left_out = "".join(
        f", {count} left out ({reason.replace('_', ' ')})" for reason, count in result.left_out.items() if count
    )
    return (
        f"dataset {result.dataset} from {source}: {len(result.failed)} not collected, "
        f"{len(result.collected)} collected, {result.unchanged} unchanged{left_out}\n{lines}"
    )
