"""How each resource type is created in the emulator: a file per service, put together to one table here."""

from typing import Final

from emulation.pulumi_engine.handler import Handler
from emulation.pulumi_engine.handlers import (
    api_gateway,
    athena,
    audit,
    cloudwatch,
    containers,
    dynamodb,
    events,
    functions,
    generated,
    glue,
    iam,
    keys,
    names,
    network,
    queues,
    s3,
    scheduler,
    ssm,
    topics,
)

HANDLERS: Final[dict[str, Handler]] = {
    **api_gateway.HANDLERS,
    **athena.HANDLERS,
    **audit.HANDLERS,
    **cloudwatch.HANDLERS,
    **containers.HANDLERS,
    **dynamodb.HANDLERS,
    **events.HANDLERS,
    **functions.HANDLERS,
    **generated.HANDLERS,
    **glue.HANDLERS,
    **iam.HANDLERS,
    **keys.HANDLERS,
    **names.HANDLERS,
    **network.HANDLERS,
    **queues.HANDLERS,
    **s3.HANDLERS,
    **scheduler.HANDLERS,
    **ssm.HANDLERS,
    **topics.HANDLERS,
}
