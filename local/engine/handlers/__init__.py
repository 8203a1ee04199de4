"""How each resource type is created in the emulator: a file per service, put together to one table here."""

from typing import Final

from local.engine.handler import Handler
from local.engine.handlers import (
    cloudwatch,
    dynamodb,
    events,
    functions,
    glue,
    iam,
    keys,
    queues,
    s3,
    scheduler,
    ssm,
    topics,
)

HANDLERS: Final[dict[str, Handler]] = {
    **cloudwatch.HANDLERS,
    **dynamodb.HANDLERS,
    **events.HANDLERS,
    **functions.HANDLERS,
    **glue.HANDLERS,
    **iam.HANDLERS,
    **keys.HANDLERS,
    **queues.HANDLERS,
    **s3.HANDLERS,
    **scheduler.HANDLERS,
    **ssm.HANDLERS,
    **topics.HANDLERS,
}
