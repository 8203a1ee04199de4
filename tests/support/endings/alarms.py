"""Every way in which an alarm on its way to a webhook can end."""

from tests.support.platform_steps import eventually
from tests.support.webhooks import webhook_endpoint


def end_alarms(target):
    """Publish to the topic of an owner with a webhook, first without its URL and then with it."""
    [(owner, topic)] = target.exports["ownerTopicArns"].items()
    ssm, sns = target.client("ssm"), target.client("sns")
    sns.publish(TopicArn=topic, Message="not forwarded: no URL is known")
    with webhook_endpoint(200) as webhook:
        ssm.put_parameter(
            Name=f"/data-platform/local/webhooks/{owner}", Value=webhook.url, Type="SecureString", Overwrite=True
        )
        sns.publish(TopicArn=topic, Message="forwarded")
        eventually(lambda: [each for each in webhook.posted if each["text"] == "forwarded"], 90, "the request")
