"""Alarms: each watches one metric, notifies a topic, and names the runbook for it."""

from typing import Literal

import pulumi
import pulumi_aws as aws

MissingData = Literal["notBreaching", "breaching"]


def with_runbook(text: str, runbook: str) -> str:
    """Return the text of a notification, ending with the path of its runbook.

    Args:
        text: what happened, as a sentence without its full stop.
        runbook: name of a page in docs/runbooks, without its extension.
    """
    return f"{text}. Runbook: {runbook_page(runbook)}"


def runbook_page(runbook: str) -> str:
    """Return a runbook's path in the repository."""
    return f"docs/runbooks/{runbook}.md"


def alarm_when_above(  # noqa: PLR0913 - each is a fact of the alarm, and named at the call
    name: str,
    *,
    description: str,
    runbook: str,
    namespace: str,
    metric: str,
    dimensions: dict[str, pulumi.Input[str]],
    statistic: str,
    topic_arn: pulumi.Input[str],
    parent: pulumi.Resource,
    threshold: float = 0,
    period_seconds: int = 300,
    missing_data: MissingData = "notBreaching",
    rings: bool = True,
) -> aws.cloudwatch.MetricAlarm:
    """Create an alarm that fires when the metric is above the threshold in any one period.

    Args:
        name: the alarm's name.
        description: what the alarm means, as a sentence without its full stop.
        runbook: name of the page in docs/runbooks that explains what to do.
        namespace: the metric's namespace.
        metric: the metric's name.
        dimensions: all dimensions of the metric: with more or fewer it is a different metric.
        statistic: the statistic over a period.
        topic_arn: the topic that is notified when the alarm begins and ends.
        parent: the component that the alarm belongs to.
        threshold: the threshold in the metric's unit.
        period_seconds: length of a period.
        missing_data: how to treat a period without data.
        rings: False to only show the state, without notifying the topic.
    """
    return aws.cloudwatch.MetricAlarm(
        name,
        alarm_description=with_runbook(description, runbook),
        namespace=namespace,
        metric_name=metric,
        dimensions=dimensions,
        statistic=statistic,
        comparison_operator="GreaterThanThreshold",
        threshold=threshold,
        period=period_seconds,
        evaluation_periods=1,
        treat_missing_data=missing_data,
        actions_enabled=rings,
        alarm_actions=[topic_arn],
        ok_actions=[topic_arn],
        opts=pulumi.ResourceOptions(parent=parent),
    )


def alarm_on_messages(
    name: str,
    queue: aws.sqs.Queue,
    *,
    description: str,
    runbook: str,
    topic_arn: pulumi.Input[str],
    parent: pulumi.Resource,
) -> aws.cloudwatch.MetricAlarm:
    """Create an alarm on a queue that must be empty, such as a dead-letter queue."""
    return alarm_when_above(
        name,
        description=description,
        runbook=runbook,
        namespace="AWS/SQS",
        metric="ApproximateNumberOfMessagesVisible",
        dimensions={"QueueName": queue.name},
        statistic="Maximum",
        topic_arn=topic_arn,
        parent=parent,
    )
