"""SQS queues: encrypted with the stack's key, over TLS alone, with dead letters where a function empties them."""

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
# docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html: six times the function's time, and its window.
_VISIBILITY_FACTOR: Final = 6
_OLDEST_MESSAGE_SECONDS: Final = 900


def visibility_seconds(function_seconds: int, window_seconds: int) -> int:
    """For how long a batch stays hidden from others while a function works on it.

    Args:
        function_seconds: the function's timeout.
        window_seconds: how long a batch is gathered at most.
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
    """A queue. Its policy is the caller's to create, with `refuse_plain_http` among the statements.

    Args:
        name: of the queue.
        stack: the stack's context with key.
        parent: the component that the resources belong to.
        hidden_seconds: for how long a received message stays hidden from others.
        dead_letters: where a message goes that was received five times; None: it stays.
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
    """The queue's policy: the statements, and no plain HTTP. Nothing if it would be empty, as in the local stack.

    Args:
        name: what the policy's name begins with.
        queue: the queue.
        stack: the stack's context.
        parent: the component that the resources belong to.
        statements: who may do what with the queue, beside the principals whose own policies say so.
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
    """The statement that lets Lambda empty a queue in a function's name."""
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
    """Let a function empty a queue in batches. It answers which messages of a batch failed.

    Args:
        name: of the mapping.
        queue: the queue.
        function: the function.
        batch_size: messages at most.
        window_seconds: how long a batch is gathered at most.
        maximum_concurrency: batches at once; Lambda allows no less than two.
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
    """An alarm on a queue whose oldest message is not taken.

    Args:
        name: of the alarm.
        queue: the queue.
        what: what a message is, such as "An event".
        runbook: name of the page in docs/runbooks that says what to do.
        topic_arn: the topic that is told.
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
