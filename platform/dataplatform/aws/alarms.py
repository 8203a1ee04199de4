"""Alarms: each watches a metric, tells the topic, and names the page that says what to do about it."""

from typing import Literal

import pulumi
import pulumi_aws as aws

MissingData = Literal["notBreaching", "breaching"]


def with_runbook(text: str, runbook: str) -> str:
    """What a person is told: the text, and where the page is that goes on from there.

    Args:
        text: what happened, in a sentence without its full stop.
        runbook: name of a page in docs/runbooks, without its ending.
    """
    return f"{text}. Runbook: {runbook_page(runbook)}"


def runbook_page(runbook: str) -> str:
    """Where a runbook stands in the repository."""
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
    """An alarm that rings when the metric is above the threshold in any one period.

    Args:
        name: of the alarm.
        description: what it means, in a sentence without its full stop.
        runbook: name of the page in docs/runbooks that says what to do.
        namespace: of the metric.
        metric: its name.
        dimensions: all of them: a metric with more or fewer is another one.
        statistic: of a period's data.
        topic_arn: the topic that is told when it begins and when it ends.
        parent: the component that it belongs to.
        threshold: in the metric's unit.
        period_seconds: length of a period.
        missing_data: what a period without data counts as.
        rings: whether the topic is told; if not, the state alone shows it.
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
    """An alarm on a queue that ought to be empty, such as one of dead letters."""
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
