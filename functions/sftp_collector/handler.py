"""AWS Lambda `sftp_collector`: collects the files of the dataset that the schedule names."""

import os
from dataclasses import asdict
from typing import Any

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.sftp_collector.collect import CollectionResult, Collector
from functions.sftp_collector.configuration import (
    Settings,
    read_collection,
    read_connection,
    read_event,
    read_parameter,
    read_settings,
)
from functions.sftp_collector.connection import address, connect, read_private_key
from lake.ledger import Ledger

logger = Logger()


class CollectionFailedError(Exception):
    """Something could not be collected. All that could was; the message lists the rest, each with its reason."""


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Collect one dataset.

    Args:
        event: {"dataset": "vehicles"}.
        context: Lambda's.

    Returns:
        {"dataset", "collected": [{"source", "key", "bytes", "sha256"}], "unchanged": count, "failed": []}

    Raises:
        CollectionFailedError: a file or the whole directory failed. Lambda then tries again, and the last failure goes
            to the dead-letter queue and the alarm.
        ConfigurationError: the event, the environment or the stack's parameters are wrong.
        SourceUnavailableError: the connection's private key is not one.
    """
    settings = read_settings(os.environ)
    dataset = read_event(event).dataset
    logger.set_correlation_id(context.aws_request_id)
    logger.append_keys(dataset=dataset)
    return collect_dataset(dataset, settings)


def collect_dataset(dataset: str, settings: Settings) -> dict[str, Any]:
    """Collect one dataset with the credentials of the environment. Returns and raises as `handler` does."""
    parameters = boto3.client("ssm")
    collection = read_collection(parameters, settings.parameter_prefix, dataset)
    connection = read_connection(parameters, settings.parameter_prefix, collection.connection)
    key_parameter = connection.private_key_parameter
    client_key = read_private_key(read_parameter(parameters, key_parameter), key_parameter)
    collector = Collector(
        collection,
        lambda: connect(connection, client_key),
        Ledger(boto3.client("dynamodb"), settings.ledger_table),
        boto3.client("s3"),
        settings.bucket,
    )
    result = collector.run()
    if result.failed:
        raise CollectionFailedError(_report(result, address(connection)))
    logger.info("done", extra={"collected": len(result.collected), "unchanged": result.unchanged})
    return asdict(result)


def _report(result: CollectionResult, source: str) -> str:
    lines = "\n".join(f"- {failure.source}: {failure.error}" for failure in result.failed)
    return (
        f"dataset {result.dataset} from {source}: {len(result.failed)} not collected, "
        f"{len(result.collected)} collected, {result.unchanged} unchanged\n{lines}"
    )
