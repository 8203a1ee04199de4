"""SNS topics and their subscriptions."""

from typing import Final

from emulation.pulumi_engine.casing import pascal
from emulation.pulumi_engine.handler import Created, Handler, Request, Standing, recreates, removes

_TOPIC: Final = (
    "contentBasedDeduplication",
    "deliveryPolicy",
    "displayName",
    "fifoTopic",
    "kmsMasterKeyId",
)
_SUBSCRIPTION: Final = (
    "deliveryPolicy",
    "filterPolicy",
    "rawMessageDelivery",
    "redrivePolicy",
    "subscriptionRoleArn",
)


def _create_topic(request: Request) -> Created:
    name = request.inputs["name"]
    response = request.call(
        "sns", "create_topic", Name=name, Attributes=request.attributes(*_TOPIC), Tags=request.tag_list
    )
    return Created(response["TopicArn"], {"name": name, "arn": response["TopicArn"]})


def _update_topic(request: Request, standing: Standing) -> None:
    attributes = request.attributes(*_TOPIC)
    for name in (pascal(each) for each in sorted(standing.changed & set(_TOPIC))):
        value = attributes.get(name, "")
        request.call("sns", "set_topic_attributes", TopicArn=standing.id, AttributeName=name, AttributeValue=value)


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


def _update_subscription(request: Request, standing: Standing) -> None:
    attributes = request.attributes(*_SUBSCRIPTION)
    for name in (pascal(each) for each in sorted(standing.changed & set(_SUBSCRIPTION))):
        request.call(
            "sns",
            "set_subscription_attributes",
            SubscriptionArn=standing.id,
            AttributeName=name,
            AttributeValue=attributes.get(name, ""),
        )


HANDLERS: Final = {
    "aws:sns/topic:Topic": Handler(
        _create_topic,
        accepts=("name", "tags", *_TOPIC),
        update=_update_topic,
        delete=removes("sns", "delete_topic", TopicArn="id"),
    ),
    # A topic always has a policy, so the policy is deleted with the topic.
    "aws:sns/topicPolicy:TopicPolicy": Handler(_set_policy, accepts=("arn", "policy"), update=recreates(_set_policy)),
    "aws:sns/topicSubscription:TopicSubscription": Handler(
        _subscribe,
        accepts=("topic", "protocol", "endpoint", *_SUBSCRIPTION),
        update=_update_subscription,
        delete=removes("sns", "unsubscribe", SubscriptionArn="id"),
    ),
}
