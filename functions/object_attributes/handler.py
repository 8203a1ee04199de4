"""The Lambda that hears of every object created under inbound/ and warehouse/."""

import os
from functools import cache
from typing import Any

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.object_attributes.recorder import Recorder
from lake.object_index import AttributesTable

logger = Logger()


@logger.inject_lambda_context
def handler(event: dict[str, Any], _context: LambdaContext) -> None:
    """Record one event. A late or a repeated one changes nothing."""
    outcome = _recorder().record(event)
    logger.info(outcome, key=event["detail"]["object"]["key"])


@cache
def _recorder() -> Recorder:
    table = boto3.resource("dynamodb").Table(os.environ["ATTRIBUTES_TABLE"])
    return Recorder(boto3.client("s3"), AttributesTable(table))
