"""AWS Lambda `event_batcher`: lands the messages of the events queue."""

from functools import cache
from typing import Any

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.environment import read_environment
from functions.event_batcher.batcher import Batcher
from functions.event_batcher.settings import Settings
from functions.observability import Measure, logger, observed, publish
from lake.metrics import EVENTS_LANDED, EVENTS_POISONOUS


@observed
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Land a batch. Returns the messages that SQS must redeliver.

    Raises:
        ClientError, BotoCoreError: The object could not be written; SQS redelivers the whole batch.
        InvalidEnvironmentError: An environment variable is missing or invalid.
    """
    landed = _batcher().land(event["Records"], context.aws_request_id)
    logger.info("landed", key=landed.key, events=landed.events, poison=landed.poison)
    publish(Measure(EVENTS_LANDED, landed.events), Measure(EVENTS_POISONOUS, landed.poison))
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in landed.failed]}


@cache
def _batcher() -> Batcher:
    settings = read_environment(Settings)
    return Batcher(
        boto3.client("s3"), boto3.client("sqs"), settings.bucket, settings.dataset, settings.dead_letter_queue_url
    )
