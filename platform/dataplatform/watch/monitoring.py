"""Who is notified of what cannot be handled: a topic per owner with a route, and one for everything else."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pulumi_aws as aws

from dataplatform.aws.alarms import alarm_on_messages, runbook_page
from dataplatform.aws.policies import allow_principal, budgets_of, document
from dataplatform.aws.stack import StackContext
from dataplatform.settings.alarms import AlarmSettings, topic_suffix


class Monitoring(pulumi.ComponentResource):
    """The alarm topics, and the queue that keeps events which a rule could not deliver. All are encrypted."""

    topic_arn: pulumi.Output[str]
    """The topic of every alarm that no route applies to."""
    owner_topic_arns: Mapping[str, pulumi.Output[str]]
    """The topic of each owner that the settings have a route for."""
    undelivered_queue_arn: pulumi.Output[str]
    """Dead-letter queue of every event rule."""
    undelivered_queue_url: pulumi.Output[str]
    alarm_arns: list[pulumi.Output[str]]
    """ARNs of its alarms."""

    def __init__(
        self,
        name: str,
        *,
        stack: StackContext,
        settings: AlarmSettings,
        emails: Sequence[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Create the topics, their subscriptions, the queue and, if the settings have one, the budget.

        Args:
            name: what the resources' names begin with.
            stack: the stack's context with its key, whose policy admits the budget's notices.
            settings: the routes of owners, and the monthly budget.
            emails: addresses that all other alarms are mailed to. Each confirms AWS's first mail.
            opts: of the component.
        """
        super().__init__("dataplatform:monitoring:Monitoring", name, None, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        topic = aws.sns.Topic(f"{name}-alarms", kms_master_key_id=stack.key_arn, opts=self._child)
        self.topic_arn = topic.arn
        policy = aws.sns.TopicPolicy(
            f"{name}-alarms-policy",
            arn=topic.arn,
            policy=document(
                _alarms_publish(topic, stack),
                # EventBridge takes no conditions in a topic's policy:
                # docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
                allow_principal(
                    "EventsAreDelivered", {"Service": "events.amazonaws.com"}, ["sns:Publish"], [topic.arn]
                ),
                *([self._budgets_publish(topic, stack)] if settings.monthly_budget_dollars else []),
            ),
            opts=self._child,
        )
        if settings.monthly_budget_dollars:
            self._create_budget(name, topic, policy, settings.monthly_budget_dollars)
        undelivered = self._keep_undelivered(name, stack)
        self.undelivered_queue_arn, self.undelivered_queue_url = undelivered.arn, undelivered.url
        self._mail(f"{name}-alarms", topic, emails)
        self.owner_topic_arns = {
            owner: self._create_owner_topic(f"{name}-alarms-{topic_suffix(owner)}", stack, route.emails)
            for owner, route in settings.routes.items()
        }
        self.register_outputs(
            {
                "topicArn": self.topic_arn,
                "ownerTopicArns": self.owner_topic_arns,
                "undeliveredQueueArn": self.undelivered_queue_arn,
                "undeliveredQueueUrl": self.undelivered_queue_url,
            }
        )

    @property
    def exports(self) -> Mapping[str, object]:
        """What the stack exports of its monitoring."""
        return {
            "alarmTopicArn": self.topic_arn,
            "ownerTopicArns": self.owner_topic_arns,
            "undeliveredEventsQueueUrl": self.undelivered_queue_url,
        }

    def topic_of(self, owner: str) -> pulumi.Output[str]:
        """The topic of alarms about an owner's datasets: the owner's, or that of all other alarms."""
        return self.owner_topic_arns.get(owner, self.topic_arn)

    def _create_owner_topic(self, name: str, stack: StackContext, emails: Sequence[str]) -> pulumi.Output[str]:
        topic = aws.sns.Topic(name, kms_master_key_id=stack.key_arn, opts=self._child)
        aws.sns.TopicPolicy(
            f"{name}-policy", arn=topic.arn, policy=document(_alarms_publish(topic, stack)), opts=self._child
        )
        self._mail(name, topic, emails)
        return topic.arn

    def _mail(self, name: str, topic: aws.sns.Topic, emails: Sequence[str]) -> None:
        for index, address in enumerate(emails):
            aws.sns.TopicSubscription(
                f"{name}-mail-{index}", topic=topic.arn, protocol="email", endpoint=address, opts=self._child
            )

    def _budgets_publish(self, topic: aws.sns.Topic, stack: StackContext) -> dict[str, Any]:
        return allow_principal(
            "BudgetsPublish",
            {"Service": "budgets.amazonaws.com"},
            ["sns:Publish"],
            [topic.arn],
            budgets_of(stack.account_id),
        )

    def _create_budget(self, name: str, topic: aws.sns.Topic, policy: aws.sns.TopicPolicy, dollars: int) -> None:
        """The account's costs. By the stack's tag alone it would count nothing until somebody activates that tag."""
        notices = (("ACTUAL", 80), ("FORECASTED", 100))
        aws.budgets.Budget(
            f"{name}-monthly-costs",
            # A notice tells the budget's name and nothing else of ours.
            name=f"{name} monthly costs, see {runbook_page('cost-budget')}",
            budget_type="COST",
            limit_amount=str(dollars),
            limit_unit="USD",
            time_unit="MONTHLY",
            notifications=[
                {
                    "comparison_operator": "GREATER_THAN",
                    "notification_type": kind,
                    "threshold": percent,
                    "threshold_type": "PERCENTAGE",
                    "subscriber_sns_topic_arns": [topic.arn],
                }
                for kind, percent in notices
            ],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
        )

    def _keep_undelivered(self, name: str, stack: StackContext) -> aws.sqs.Queue:
        queue = aws.sqs.Queue(
            f"{name}-undelivered-events",
            kms_master_key_id=stack.key_arn,
            message_retention_seconds=14 * 24 * 3600,
            opts=self._child,
        )
        rules = pulumi.Output.concat("arn:aws:events:", stack.region, ":", stack.account_id, ":rule/*")
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
            opts=self._child,
        )
        alarm = alarm_on_messages(
            f"{name}-undelivered-events",
            queue,
            description="A rule could not deliver an event. The queue holds the event with its error",
            runbook="undelivered-events",
            topic_arn=self.topic_arn,
            parent=self,
        )
        self.alarm_arns = [alarm.arn]
        return queue


def _alarms_publish(topic: aws.sns.Topic, stack: StackContext) -> dict[str, Any]:
    return allow_principal(
        "AlarmsPublish",
        {"Service": "cloudwatch.amazonaws.com"},
        ["sns:Publish"],
        [topic.arn],
        {"StringEquals": {"aws:SourceAccount": stack.account_id}},
    )
