"""SNS topics and their subscriptions."""

from typing import Final

from emulation.pulumi_engine.handler import Created, Handler, Request

_TOPIC: Final = (
    "contentBasedDeduplication",
    "deliveryPolicy",
    "displayName",
    "fifoTopic",
    "kmsMasterKeyId",
    "policy",
    "signatureVersion",
    "tracingConfig",
)
_SUBSCRIPTION: Final = (
    "deliveryPolicy",
    "filterPolicy",
    "filterPolicyScope",
    "rawMessageDelivery",
    "redrivePolicy",
    "subscriptionRoleArn",
)


def _create_topic(request: Request) -> Created:
    name = request.physical_name()
    response = request.call(
        "sns", "create_topic", Name=name, Attributes=request.attributes(*_TOPIC), Tags=request.tag_list
    )
    return Created(response["TopicArn"], {"name": name, "arn": response["TopicArn"]})


def _set_policy(request: Request) -> Created:
    arn = request.inputs["arn"]
    request.call(
        "sns", "set_topic_attributes", TopicArn=arn, AttributeName="Policy", AttributeValue=request.inputs["policy"]
    )
    return Created(arn)


def _subscribe(request: Request) -> Created:
    response = request.call(
        "sns",
        "subscribe",
        TopicArn=request.inputs["topic"],
        Protocol=request.inputs["protocol"],
        Endpoint=request.inputs["endpoint"],
        Attributes=request.attributes(*_SUBSCRIPTION),
        ReturnSubscriptionArn=True,
    )
    return Created(response["SubscriptionArn"], {"arn": response["SubscriptionArn"]})


HANDLERS: Final = {
    "aws:sns/topic:Topic": Handler(_create_topic, accepts=("name", "tags", *_TOPIC)),
    "aws:sns/topicPolicy:TopicPolicy": Handler(_set_policy, accepts=("arn", "policy")),
    "aws:sns/topicSubscription:TopicSubscription": Handler(
        _subscribe, accepts=("topic", "protocol", "endpoint", *_SUBSCRIPTION)
    ),
}
