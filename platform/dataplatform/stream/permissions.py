"""Permissions of the stream's functions: each may use its own queue, table, parameters and prefix."""

from collections.abc import Sequence
from typing import Any

import pulumi

from dataplatform.aws.policies import allow, decrypt_given_parameters
from dataplatform.aws.queues import take_messages
from dataplatform.aws.stack import StackContext
from dataplatform.storage.data_lake import DataLake
from lake import callbacks, keys


def receiver_statements(
    stack: StackContext,
    *,
    queue_arn: pulumi.Input[str],
    signatures_table_arn: pulumi.Input[str],
    secret_parameters: Sequence[str],
) -> list[dict[str, Any]]:
    """Return the receiver's permissions: fill the queue, record signatures, read callback settings.

    It reads no API key.

    Args:
        stack: the stack's context.
        queue_arn: the queue of events.
        signatures_table_arn: the table of signatures.
        secret_parameters: names of secrets outside the platform's own parameters.
    """
    parameters = pulumi.Output.concat("arn:aws:ssm:", stack.region, ":", stack.account_id, ":parameter")
    names = [f"{callbacks.callbacks_prefix(stack.parameter_prefix)}/*", *secret_parameters]
    return [
        allow("Enqueue", _send(batch_actions=stack.local.batch_actions), [queue_arn]),
        allow("RememberSignatures", ["dynamodb:PutItem", "dynamodb:DeleteItem"], [signatures_table_arn]),
        allow("ReadCallbacks", ["ssm:GetParameter"], [pulumi.Output.concat(parameters, name) for name in names]),
        *([decrypt_given_parameters(stack.region, stack.account_id)] if secret_parameters else []),
    ]


def batcher_statements(
    stack: StackContext,
    lake: DataLake,
    dataset: str,
    *,
    queue_arn: pulumi.Input[str],
    dead_letter_queue_arn: pulumi.Input[str],
) -> list[dict[str, Any]]:
    """Return the batcher's permissions: land queued events under its dataset's prefix, send others to dead letters."""
    landing = pulumi.Output.concat(lake.bucket_arn, f"/{keys.inbound_prefix(dataset)}*")
    return [
        take_messages(queue_arn),
        allow("LandEvents", ["s3:PutObject"], [landing]),
        allow("SendDeadLetters", _send(batch_actions=stack.local.batch_actions), [dead_letter_queue_arn]),
    ]


def _send(*, batch_actions: bool) -> list[str]:
    """Return the actions for sending. AWS checks sqs:SendMessage for batches; only the emulator has its own action."""
    return ["sqs:SendMessage", *(["sqs:SendMessageBatch"] if batch_actions else [])]
