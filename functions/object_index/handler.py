"""The Lambda that is invoked for every object created under inbound/ and warehouse/."""

from functools import cache
from typing import Any

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.environment import read_environment
from functions.object_index.recorder import Recorder
from functions.object_index.settings import Settings
from functions.observability import logger, observed
from lake.object_index import ObjectIndex


@observed
def handler(event: dict[str, Any], _context: LambdaContext) -> None:
    """Record one event. A late or repeated event changes nothing.

    Raises:
        ClientError, BotoCoreError: S3 or DynamoDB refused.
        InvalidEnvironmentError: a variable is missing or wrong.
    """
    outcome = _recorder().record(event)
    logger.info(outcome, key=event["detail"]["object"]["key"])


@cache
def _recorder() -> Recorder:
    table = read_environment(Settings).table
    return Recorder(boto3.client("s3"), ObjectIndex(boto3.client("dynamodb"), table))
