"""The Lambda that empties the events queue."""

import os
from functools import cache
from typing import Any

import boto3
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.event_batcher.batcher import Batcher
from lake.metrics import EVENTS_LANDED, EVENTS_POISONOUS

logger = Logger()
metrics = Metrics()


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Land a batch, and name the messages that have to come again."""
    logger.set_correlation_id(context.aws_request_id)
    landed = _batcher().land(event["Records"], context.aws_request_id)
    logger.info("landed", key=landed.key, events=landed.events, poison=landed.poison)
    metrics.add_metric(name=EVENTS_LANDED, unit=MetricUnit.Count, value=landed.events)
    metrics.add_metric(name=EVENTS_POISONOUS, unit=MetricUnit.Count, value=landed.poison)
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
