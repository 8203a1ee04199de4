"""SQS queues: encrypted with the stack's key, TLS only, and with dead-letter queues for those that functions read."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import pulumi
import pulumi_aws as aws

from dataplatform.aws.alarms import alarm_when_above
from dataplatform.aws.policies import allow, deny_everyone, document
from dataplatform.aws.python_function import PythonFunction
from dataplatform.aws.stack import StackContext

RECEIVES_BEFORE_DEAD_LETTER: Final = 5
RETENTION_SECONDS: Final = 14 * 24 * 3600
# docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html: six times the function's timeout, plus its batch
# window.
_VISIBILITY_FACTOR: Final = 6
_OLDEST_MESSAGE_SECONDS: Final = 900


def visibility_seconds(function_seconds: int, window_seconds: int) -> int:
    """Return how long a batch stays hidden from other readers while a function works on it.

    Args:
        function_seconds: the function's timeout.
        window_seconds: the longest time to gather a batch.
    """
    return _VISIBILITY_FACTOR * function_seconds + window_seconds


def create_queue(
    name: str,
    *,
    stack: StackContext,
    parent: pulumi.Resource,
    hidden_seconds: int,
    dead_letters: aws.sqs.Queue | None = None,
) -> aws.sqs.Queue:
    """Create a queue. The caller creates its policy with `create_queue_policy`.

    Args:
        name: the queue's name.
        stack: the stack's context with key.
        parent: the component that the resources belong to.
        hidden_seconds: how long a received message stays hidden from other readers.
        dead_letters: the queue for messages that were received five times; None: they stay.
    """
    redrive = dead_letters and pulumi.Output.json_dumps(
        {"deadLetterTargetArn": dead_letters.arn, "maxReceiveCount": RECEIVES_BEFORE_DEAD_LETTER}
    )
    return aws.sqs.Queue(
        name,
        kms_master_key_id=stack.key_arn,
        visibility_timeout_seconds=hidden_seconds,
        message_retention_seconds=RETENTION_SECONDS,
        redrive_policy=redrive,
        opts=pulumi.ResourceOptions(parent=parent),
    )


def create_queue_policy(
    name: str,
    queue: aws.sqs.Queue,
    *,
    stack: StackContext,
    parent: pulumi.Resource,
    statements: Sequence[Mapping[str, Any]] = (),
) -> list[aws.sqs.QueuePolicy]:
    """Create the queue's policy: the statements, and no plain HTTP. Creates nothing if it would be empty (local stack).

    Args:
        name: prefix of the policy's name.
        queue: the queue.
        stack: the stack's context.
        parent: the component that the resources belong to.
        statements: permissions in addition to those in the principals' own policies.
    """
    plain_http = {"Bool": {"aws:SecureTransport": "false"}}
    refusals = [] if stack.local.plain_http else [deny_everyone("DenyPlainHttp", ["sqs:*"], [queue.arn], plain_http)]
    if not (statements or refusals):
        return []
    return [
        aws.sqs.QueuePolicy(
            f"{name}-policy",
            queue_url=queue.url,
            policy=document(*statements, *refusals),
            opts=pulumi.ResourceOptions(parent=parent),
        )
    ]


def take_messages(queue_arn: pulumi.Input[str]) -> dict[str, Any]:
    """Return the statement that lets Lambda read a queue on behalf of a function."""
    return allow("TakeMessages", ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"], [queue_arn])


def take_in_batches(
    name: str,
    queue: aws.sqs.Queue,
    function: PythonFunction,
    *,
    batch_size: int,
    window_seconds: int,
    maximum_concurrency: int,
    parent: pulumi.Resource,
) -> None:
    """Let a function read a queue in batches. It reports which messages of a batch failed.

    Args:
        name: name of the mapping.
        queue: the queue.
        function: the function.
        batch_size: most messages in a batch.
        window_seconds: the longest time to gather a batch.
        maximum_concurrency: batches at the same time; Lambda requires at least two.
        parent: the component that the resources belong to.
    """
    aws.lambda_.EventSourceMapping(
        name,
        event_source_arn=queue.arn,
        function_name=function.function_name,
        batch_size=batch_size,
        maximum_batching_window_in_seconds=window_seconds,
        scaling_config={"maximum_concurrency": maximum_concurrency},
        function_response_types=["ReportBatchItemFailures"],
        opts=pulumi.ResourceOptions(parent=parent),
    )


def alarm_when_waiting(
    name: str, queue: aws.sqs.Queue, *, what: str, runbook: str, topic_arn: pulumi.Input[str], parent: pulumi.Resource
) -> aws.cloudwatch.MetricAlarm:
    """Create an alarm on a queue whose oldest message waits too long.

    Args:
        name: the alarm's name.
        queue: the queue.
        what: what a message is, such as "An event".
        runbook: name of the page in docs/runbooks that explains what to do.
        topic_arn: the topic to notify.
        parent: the component that the alarm belongs to.
    """
    return alarm_when_above(
        name,
        description=f"{what} has waited for more than {_OLDEST_MESSAGE_SECONDS} s",
        runbook=runbook,
        namespace="AWS/SQS",
        metric="ApproximateAgeOfOldestMessage",
        dimensions={"QueueName": queue.name},
        statistic="Maximum",
        threshold=_OLDEST_MESSAGE_SECONDS,
        topic_arn=topic_arn,
        parent=parent,
    )
