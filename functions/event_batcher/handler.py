"""The Lambda that empties the events queue."""

import os
from functools import cache
from typing import Any

import boto3
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.event_batcher.batcher import Batcher

logger = Logger()
metrics = Metrics(namespace="DataPlatform")


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Land a batch, and name the messages that have to come again."""
    landed = _batcher().land(event["Records"])
    logger.info("landed", key=landed.key, events=landed.events, poison=landed.poison)
    metrics.add_metric(name="EventsLanded", unit=MetricUnit.Count, value=landed.events)
    metrics.add_metric(name="EventsPoisonous", unit=MetricUnit.Count, value=landed.poison)
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in landed.failed]}


@cache
def _batcher() -> Batcher:
    return Batcher(
        boto3.client("s3"),
        boto3.client("sqs"),
        os.environ["LAKE_BUCKET"],
        os.environ["EVENTS_DATASET"],
        os.environ["EVENTS_DEAD_LETTER_QUEUE_URL"],
    )
