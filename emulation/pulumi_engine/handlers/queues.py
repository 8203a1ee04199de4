"""SQS queues."""

from typing import Final

from emulation.pulumi_engine.handler import Created, Handler, Request

_FIFO_SUFFIX: Final = ".fifo"
_ATTRIBUTES: Final = (
    "contentBasedDeduplication",
    "deduplicationScope",
    "delaySeconds",
    "fifoQueue",
    "fifoThroughputLimit",
    "kmsDataKeyReusePeriodSeconds",
    "kmsMasterKeyId",
    "policy",
    "redriveAllowPolicy",
    "redrivePolicy",
    "sqsManagedSseEnabled",
    "visibilityTimeoutSeconds",
    "maxMessageSize",
    "messageRetentionSeconds",
    "receiveWaitTimeSeconds",
)
# Where the API's attribute is not the input's name in PascalCase.
_SPELLED: Final = {
    "MaxMessageSize": "MaximumMessageSize",
    "MessageRetentionSeconds": "MessageRetentionPeriod",
    "ReceiveWaitTimeSeconds": "ReceiveMessageWaitTimeSeconds",
    "VisibilityTimeoutSeconds": "VisibilityTimeout",
}


def _create_queue(request: Request) -> Created:
    name = request.physical_name()
    if request.inputs.get("fifoQueue") and not name.endswith(_FIFO_SUFFIX):
        name += _FIFO_SUFFIX
    attributes = {_SPELLED.get(key, key): value for key, value in request.attributes(*_ATTRIBUTES).items()}
    response = request.call("sqs", "create_queue", QueueName=name, Attributes=attributes, tags=request.tags)
    url = response["QueueUrl"]
    return Created(url, {"name": name, "url": url, "arn": request.arn("sqs", name)})


def _set_attributes(request: Request) -> Created:
    """A queue's policies are resources of their own in Pulumi and attributes of the queue in SQS."""
    url = request.inputs["queueUrl"]
    attributes = request.attributes("policy", "redrivePolicy", "redriveAllowPolicy")
    request.call("sqs", "set_queue_attributes", QueueUrl=url, Attributes=attributes)
    return Created(url)


HANDLERS: Final = {
    "aws:sqs/queue:Queue": Handler(_create_queue, accepts=("name", "tags", *_ATTRIBUTES)),
    "aws:sqs/queuePolicy:QueuePolicy": Handler(_set_attributes, accepts=("queueUrl", "policy")),
    "aws:sqs/redrivePolicy:RedrivePolicy": Handler(_set_attributes, accepts=("queueUrl", "redrivePolicy")),
    "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy": Handler(
        _set_attributes, accepts=("queueUrl", "redriveAllowPolicy")
    ),
}
