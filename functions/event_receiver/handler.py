"""AWS Lambda `event_receiver`: what the API's routes call. A thin layer over `receiver`: log, metrics, clients."""

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

# Short of the gateway's 29 seconds several times over. The queue's retries are this function's own.
_ONE_ATTEMPT: Final = Config(
    connect_timeout=2, read_timeout=5, retries={"total_max_attempts": 1}, max_pool_connections=THREADS
)
_FEW_ATTEMPTS: Final = Config(connect_timeout=1, read_timeout=2, retries={"total_max_attempts": 3, "mode": "standard"})


class ReceiverFailedError(ReceiverError):
    """A defect. The message says where and of which kind, and nothing of what was posted."""


@observed
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one request of the API.

    Args:
        event: a REST API's Lambda proxy event.
        context: Lambda's.

    Returns:
        The proxy answer, as the API's document describes it.

    Raises:
        ReceiverFailedError: a defect; the gateway answers 500, and the alarm fires.
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
    # Neither body nor headers nor the path as it was asked for: a secret may stand in each of them.
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
    """This environment's settings, read once."""
    return read_environment(Settings)


@cache
def receiver() -> Receiver:
    """The receiver with the clients of this environment, made once."""
    given = settings()
    return Receiver(
        EventQueue(boto3.client("sqs", config=_ONE_ATTEMPT), given.queue_url),
        Channels(given.key_providers, given.callbacks),
        Providers(boto3.client("ssm", config=_FEW_ATTEMPTS), given.parameter_prefix, given.callbacks),
        UsedSignatures(boto3.client("dynamodb", config=_FEW_ATTEMPTS), given.signatures_table),
    )
