"""What the stream's functions may do: each its own queue, table, parameters and prefix."""

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
    """The receiver fills the queue, remembers signatures and reads how third parties sign. It reads no API key.

    Args:
        stack: the stack's context.
        queue_arn: the queue of events.
        signatures_table_arn: the table of signatures.
        secret_parameters: names of secrets that are not among the platform's own parameters.
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
    """The batcher empties the queue into its dataset's prefix, and sends what it cannot land to the dead letters."""
    landing = pulumi.Output.concat(lake.bucket_arn, f"/{keys.inbound_prefix(dataset)}*")
    return [
        take_messages(queue_arn),
        allow("LandEvents", ["s3:PutObject"], [landing]),
        allow("SendDeadLetters", _send(batch_actions=stack.local.batch_actions), [dead_letter_queue_arn]),
    ]


def _send(*, batch_actions: bool) -> list[str]:
    """Sending in batches is sqs:SendMessage on AWS; only the emulator knows it by a name of its own."""
    return ["sqs:SendMessage", *(["sqs:SendMessageBatch"] if batch_actions else [])]
