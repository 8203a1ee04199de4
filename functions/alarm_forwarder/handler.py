"""AWS Lambda `alarm_forwarder`: forwards each message of the alarm topics to their webhooks."""

from functools import cache
from typing import Any

import boto3
import msgspec
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.alarm_forwarder.messages import Message, body_of, read_notice
from functions.alarm_forwarder.settings import Settings
from functions.alarm_forwarder.webhooks import WebhookError, Webhooks
from functions.environment import read_environment
from functions.errors import FunctionError
from functions.observability import logger, observed


class NotForwardedError(FunctionError):
    """Some webhooks did not accept a message; all others did."""


@observed
def handler(event: dict[str, Any], _context: LambdaContext) -> None:
    """Forward each message to the webhooks of its topic.

    Raises:
        NotForwardedError: A webhook did not accept a message. The log contains the message.
        InvalidEnvironmentError: An environment variable is missing or invalid.
    """
    failed: dict[str, str] = {}
    for record in event["Records"]:
        message = msgspec.convert(record["Sns"], Message)
        notice = read_notice(message)
        for parameter, webhook in _settings().webhooks.items():
            if message.topic not in webhook.topics:
                continue
            try:
                _webhooks().send(parameter, body_of(notice, webhook.format))
            except WebhookError as error:
                failed[parameter] = str(error)
                logger.error("not forwarded", parameter=parameter, reason=str(error), notice=notice.content)
            else:
                logger.info("forwarded", parameter=parameter, title=notice.title)
    if failed:
        raise NotForwardedError("; ".join(failed.values()))


@cache
def _settings() -> Settings:
    return read_environment(Settings)


@cache
def _webhooks() -> Webhooks:
    return Webhooks(boto3.client("ssm"))
