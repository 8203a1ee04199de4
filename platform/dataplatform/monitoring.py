"""Where everything that cannot be handled is told to a person: one topic, and the alarms that write to it."""

from typing import TypedDict

import pulumi
import pulumi_aws as aws

from dataplatform.policies import allow_principal, document


class MonitoringArgs(TypedDict):
    """What Monitoring needs."""

    account_id: pulumi.Input[str]
    region: pulumi.Input[str]
    key_arn: pulumi.Input[str]
    alarm_emails: list[str]
    """Addresses that alarms are mailed to. Each has to confirm AWS's first mail."""


class Monitoring(pulumi.ComponentResource):
    """The alarm topic, and the queue that keeps events which a rule could not deliver. Both are encrypted."""

    topic_arn: pulumi.Output[str]
    undelivered_queue_arn: pulumi.Output[str]
    """Dead-letter queue of every event rule."""
    undelivered_queue_url: pulumi.Output[str]

    def __init__(self, name: str, args: MonitoringArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("dataplatform:monitoring:Monitoring", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        topic = aws.sns.Topic(f"{name}-alarms", kms_master_key_id=args["key_arn"], opts=child)
        self.topic_arn = topic.arn
        aws.sns.TopicPolicy(
            f"{name}-alarms-policy",
            arn=topic.arn,
            policy=document(
                allow_principal(
                    "AlarmsPublish",
                    {"Service": "cloudwatch.amazonaws.com"},
                    ["sns:Publish"],
                    [topic.arn],
                    {"StringEquals": {"aws:SourceAccount": args["account_id"]}},
                ),
                # EventBridge takes no conditions in a topic's policy:
                # docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
                allow_principal(
                    "EventsAreDelivered", {"Service": "events.amazonaws.com"}, ["sns:Publish"], [topic.arn]
                ),
            ),
            opts=child,
        )
        undelivered = self._keep_undelivered(name, args)
        self.undelivered_queue_arn, self.undelivered_queue_url = undelivered.arn, undelivered.url
        for index, address in enumerate(args["alarm_emails"]):
            aws.sns.TopicSubscription(
                f"{name}-alarms-mail-{index}", topic=topic.arn, protocol="email", endpoint=address, opts=child
            )
        self.register_outputs(
            {
                "topicArn": self.topic_arn,
                "undeliveredQueueArn": self.undelivered_queue_arn,
                "undeliveredQueueUrl": self.undelivered_queue_url,
            }
        )

    def _keep_undelivered(self, name: str, args: MonitoringArgs) -> aws.sqs.Queue:
        child = pulumi.ResourceOptions(parent=self)
        queue = aws.sqs.Queue(
            f"{name}-undelivered-events",
            kms_master_key_id=args["key_arn"],
            message_retention_seconds=14 * 24 * 3600,
            opts=child,
        )
        rules = pulumi.Output.concat("arn:aws:events:", args["region"], ":", args["account_id"], ":rule/*")
        aws.sqs.QueuePolicy(
            f"{name}-undelivered-events-policy",
            queue_url=queue.url,
            policy=document(
                allow_principal(
                    "RulesSendWhatTheyCannotDeliver",
                    {"Service": "events.amazonaws.com"},
                    ["sqs:SendMessage"],
                    [queue.arn],
                    {"ArnLike": {"aws:SourceArn": rules}},
                )
            ),
            opts=child,
        )
        alarm_when_any(
            f"{name}-undelivered-events",
            description="A rule could not deliver an event: the queue holds it with the error",
            namespace="AWS/SQS",
            metric="ApproximateNumberOfMessagesVisible",
            dimensions={"QueueName": queue.name},
            statistic="Maximum",
            topic_arn=self.topic_arn,
            parent=self,
        )
        return queue


def alarm_when_any(  # noqa: PLR0913 - each is a fact of the alarm, and named at the call
    name: str,
    *,
    description: str,
    namespace: str,
    metric: str,
    dimensions: dict[str, pulumi.Input[str]],
    statistic: str,
    topic_arn: pulumi.Input[str],
    parent: pulumi.Resource,
    threshold: int = 0,
) -> aws.cloudwatch.MetricAlarm:
    """An alarm that rings when the metric is above the threshold in any five minutes, and stays quiet without data."""
    return aws.cloudwatch.MetricAlarm(
        name,
        alarm_description=description,
        namespace=namespace,
        metric_name=metric,
        dimensions=dimensions,
        statistic=statistic,
        comparison_operator="GreaterThanThreshold",
        threshold=threshold,
        period=300,
        evaluation_periods=1,
        treat_missing_data="notBreaching",
        alarm_actions=[topic_arn],
        ok_actions=[topic_arn],
        opts=pulumi.ResourceOptions(parent=parent),
    )


class AlertArgs(TypedDict):
    """Where a rule's events go."""

    topic_arn: pulumi.Input[str]
    undelivered_queue_arn: pulumi.Input[str]


def alert_on_failed_jobs(
    name: str, job_names: list[pulumi.Output[str]], alert: AlertArgs, *, parent: pulumi.Resource
) -> None:
    """Tell the topic of every Glue run of these jobs that failed, timed out or was stopped, with Glue's own message."""
    child = pulumi.ResourceOptions(parent=parent)
    rule = aws.cloudwatch.EventRule(
        f"{name}-failed-runs",
        description="A Glue run did not succeed",
        event_pattern=pulumi.Output.json_dumps(
            {
                "source": ["aws.glue"],
                "detail-type": ["Glue Job State Change"],
                "detail": {"jobName": job_names, "state": ["FAILED", "TIMEOUT", "STOPPED", "ERROR"]},
            }
        ),
        opts=child,
    )
    _deliver(f"{name}-failed-runs-alert", rule, alert, parent=parent)


def alert_on_failed_tasks(
    name: str, cluster_arn: pulumi.Input[str], alert: AlertArgs, *, parent: pulumi.Resource
) -> None:
    """Tell the topic of every task of a cluster that ended with an error or never started, with ECS's own reason."""
    child = pulumi.ResourceOptions(parent=parent)
    rule = aws.cloudwatch.EventRule(
        f"{name}-failed-tasks",
        description="A task ended with an error or did not start",
        event_pattern=pulumi.Output.json_dumps(
            {
                "source": ["aws.ecs"],
                "detail-type": ["ECS Task State Change"],
                "detail": {
                    "clusterArn": [cluster_arn],
                    "lastStatus": ["STOPPED"],
                    "$or": [
                        {"containers": {"exitCode": [{"anything-but": 0}]}},
                        {"stopCode": ["TaskFailedToStart"]},
                    ],
                },
            }
        ),
        opts=child,
    )
    _deliver(f"{name}-failed-tasks-alert", rule, alert, parent=parent)


def alert_on_failed_deployments(
    name: str, service_arn: pulumi.Input[str], alert: AlertArgs, *, parent: pulumi.Resource
) -> None:
    """Tell the topic that a service's new tasks do not get healthy, and that ECS went back to the old ones."""
    child = pulumi.ResourceOptions(parent=parent)
    rule = aws.cloudwatch.EventRule(
        f"{name}-failed-deployments",
        description="A service's new tasks did not get healthy",
        event_pattern=pulumi.Output.json_dumps(
            {
                "source": ["aws.ecs"],
                "detail-type": ["ECS Deployment State Change"],
                "resources": [service_arn],
                "detail": {"eventName": ["SERVICE_DEPLOYMENT_FAILED"]},
            }
        ),
        opts=child,
    )
    _deliver(f"{name}-failed-deployments-alert", rule, alert, parent=parent)


def _deliver(name: str, rule: aws.cloudwatch.EventRule, alert: AlertArgs, *, parent: pulumi.Resource) -> None:
    aws.cloudwatch.EventTarget(
        name,
        rule=rule.name,
        arn=alert["topic_arn"],
        dead_letter_config={"arn": alert["undelivered_queue_arn"]},
        opts=pulumi.ResourceOptions(parent=parent),
    )
