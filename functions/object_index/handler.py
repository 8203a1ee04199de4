"""The Lambda that empties the queue of objects that were created or deleted under inbound/ and warehouse/."""

from functools import cache
from typing import Any

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.environment import read_environment
from functions.object_index.messages import read_messages
from functions.object_index.settings import Settings
from functions.observability import logger, observed
from lake.object_index.recorder import Recorder


@observed
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Record the objects that a batch of messages names. Returns the messages that SQS has to deliver again.

    Raises:
        InvalidEnvironmentError: a variable is missing or wrong; SQS delivers the whole batch again.
    """
    messages = read_messages(event["Records"])
    recorded = _recorder().record(messages.objects, rewrite=True)
    for key, reason in recorded.failed.items():
        logger.error("not recorded", key=key, reason=reason)
    for message_id, reason in messages.unreadable.items():
        logger.error("not a message about an object of the lake", message_id=message_id, reason=reason)
    logger.info("recorded", objects=len(recorded.changed), failed=len(recorded.failed), left_alone=messages.left_alone)
    again = [*messages.unreadable, *messages.naming(recorded.failed)]
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in again]}


@cache
def _recorder() -> Recorder:
    settings = read_environment(Settings)
    return Recorder(
        boto3.client("s3"),
        boto3.client("dynamodb"),
        bucket=settings.bucket,
        index_table=settings.index_table,
        totals_table=settings.totals_table,
    )
