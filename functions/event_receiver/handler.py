"""AWS Lambda `event_receiver`: serves the routes of the API. A thin layer over `receiver`: log, metrics, clients."""

import time
import traceback
from functools import cache
from typing import Any, Final

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config

from functions.environment import read_environment
from functions.errors import ReceiverError
from functions.event_receiver.answers import with_header
from functions.event_receiver.channels import Channels
from functions.event_receiver.event_queue import THREADS, EventQueue
from functions.event_receiver.providers import Providers
from functions.event_receiver.receiver import Receiver
from functions.event_receiver.request import read_request
from functions.event_receiver.settings import Settings
from functions.event_receiver.signatures import UsedSignatures
from functions.observability import Measure, logger, observed, publish
from lake.metrics import EVENTS_ACCEPTED, EVENTS_NOT_STORED, REQUESTS_REFUSED

# Several attempts fit into the gateway's 29 seconds. This function retries requests to the queue itself.
_ONE_ATTEMPT: Final = Config(
    connect_timeout=2, read_timeout=5, retries={"total_max_attempts": 1}, max_pool_connections=THREADS
)
_FEW_ATTEMPTS: Final = Config(connect_timeout=1, read_timeout=2, retries={"total_max_attempts": 3, "mode": "standard"})


class ReceiverFailedError(ReceiverError):
    """A defect. The message names the place and type of the error, and nothing that was posted."""


@observed
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one request of the API.

    Args:
        event: the Lambda proxy event of a REST API.
        context: the Lambda context.

    Returns:
        The proxy answer, as described in the API's document.

    Raises:
        ReceiverFailedError: The code has a defect; the gateway answers 500, and the alarm fires.
    """
    started = time.perf_counter()
    request = read_request(event, context.aws_request_id)
    logger.set_correlation_id(request.id)
    try:
        reply = receiver().reply(request, context.get_remaining_time_in_millis() / 1000)
    except Exception as error:  # noqa: BLE001 - whatever it is: its own message may hold what was posted
        where = "".join(traceback.format_tb(error.__traceback__))
        raise ReceiverFailedError(f"{type(error).__name__} in request {request.id}, at:\n{where}") from None
    status = reply.answer["statusCode"]
    # Log neither body nor headers nor the requested path: each may contain a secret.
    logger.info(
        "answered",
        extra={
            "route": f"{request.method} {request.route}",
            "status": status,
            "accepted": reply.accepted,
            "not_stored": reply.not_stored,
            "milliseconds": round((time.perf_counter() - started) * 1000, 1),
        },
    )
    publish(
        Measure(EVENTS_ACCEPTED, reply.accepted),
        Measure(EVENTS_NOT_STORED, reply.not_stored),
        Measure(REQUESTS_REFUSED, int(400 <= status < 500)),  # noqa: PLR2004 - HTTP's
    )
    return with_header(reply.answer, "Access-Control-Allow-Origin", settings().cors_origin)


@cache
def settings() -> Settings:
    """Return this environment's settings, read once."""
    return read_environment(Settings)


@cache
def receiver() -> Receiver:
    """Return the receiver with this environment's clients, created once."""
    given = settings()
    return Receiver(
        EventQueue(boto3.client("sqs", config=_ONE_ATTEMPT), given.queue_url),
        Channels(given.key_providers, given.callbacks),
        Providers(boto3.client("ssm", config=_FEW_ATTEMPTS), given.parameter_prefix, given.callbacks),
        UsedSignatures(boto3.client("dynamodb", config=_FEW_ATTEMPTS), given.signatures_table),
    )
