"""SQS queues."""

from typing import Final

from emulation.pulumi_engine.casing import pascal
from emulation.pulumi_engine.handler import Created, Delete, Handler, Request, Standing, recreates, removes

_ATTRIBUTES: Final = (
    "contentBasedDeduplication",
    "delaySeconds",
    "fifoQueue",
    "kmsDataKeyReusePeriodSeconds",
    "kmsMasterKeyId",
    "redrivePolicy",
    "sqsManagedSseEnabled",
    "visibilityTimeoutSeconds",
    "maxMessageSize",
    "messageRetentionSeconds",
    "receiveWaitTimeSeconds",
)
_DEFAULTS: Final = {
    "DelaySeconds": "0",
    "MaxMessageSize": "262144",
    "MessageRetentionSeconds": "345600",
    "ReceiveWaitTimeSeconds": "0",
    "VisibilityTimeoutSeconds": "30",
}
# Attributes whose name is not the input's name in PascalCase.
_SPELLED: Final = {
    "MaxMessageSize": "MaximumMessageSize",
    "MessageRetentionSeconds": "MessageRetentionPeriod",
    "ReceiveWaitTimeSeconds": "ReceiveMessageWaitTimeSeconds",
    "VisibilityTimeoutSeconds": "VisibilityTimeout",
}


def _create_queue(request: Request) -> Created:
    name = request.inputs["name"]
    response = request.call("sqs", "create_queue", QueueName=name, Attributes=_all(request), tags=request.tags)
    url = response["QueueUrl"]
    return Created(url, {"name": name, "url": url, "arn": request.arn("sqs", name)})


def _all(request: Request) -> dict[str, str]:
    return {_SPELLED.get(key, key): value for key, value in request.attributes(*_ATTRIBUTES).items()}


def _update_queue(request: Request, standing: Standing) -> None:
    gone = {pascal(name) for name in standing.changed & set(_ATTRIBUTES) if name not in request.inputs}
    emptied = {_SPELLED.get(key, key): _DEFAULTS.get(key, "") for key in gone}
    request.call("sqs", "set_queue_attributes", QueueUrl=standing.id, Attributes={**emptied, **_all(request)})


def _set_attributes(request: Request) -> Created:
    """Set the policies of a queue, which are separate resources in Pulumi and attributes of the queue in SQS."""
    url = request.inputs["queueUrl"]
    attributes = request.attributes("policy", "redrivePolicy", "redriveAllowPolicy")
    request.call("sqs", "set_queue_attributes", QueueUrl=url, Attributes=attributes)
    return Created(url)


def _unsets(attribute: str) -> Delete:
    return lambda request, standing: request.call(
        "sqs", "set_queue_attributes", QueueUrl=standing.properties["queueUrl"], Attributes={attribute: ""}
    )


def _policies(name: str) -> Handler:
    return Handler(
        _set_attributes,
        accepts=("queueUrl", name),
        update=recreates(_set_attributes),
        delete=_unsets(pascal(name)),
    )


HANDLERS: Final = {
    "aws:sqs/queue:Queue": Handler(
        _create_queue,
        accepts=("name", "tags", *_ATTRIBUTES),
        update=_update_queue,
        delete=removes("sqs", "delete_queue", QueueUrl="id"),
    ),
    "aws:sqs/queuePolicy:QueuePolicy": _policies("policy"),
    "aws:sqs/redrivePolicy:RedrivePolicy": _policies("redrivePolicy"),
    "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy": _policies("redriveAllowPolicy"),
}
