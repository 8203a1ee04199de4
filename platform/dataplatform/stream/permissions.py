"""What the stream's functions may do: each its own queue, table, parameters and prefix."""

from typing import Any, TypedDict

import pulumi

from dataplatform.aws.policies import allow
from lake import callbacks, keys


class ReceiverPermissionsArgs(TypedDict):
    """What the receiver's policy is about."""

    queue_arn: pulumi.Input[str]
    signatures_table_arn: pulumi.Input[str]
    parameter_prefix: str
    batch_actions: bool
    """Name sending in batches too. On AWS it is sqs:SendMessage, and no action of its own."""
    secret_parameters: list[str]
    """Names of secrets that lie outside of the platform's own parameters."""
    account_id: pulumi.Input[str]
    region: pulumi.Input[str]


class BatcherPermissionsArgs(TypedDict):
    """What the batcher's policy is about."""

    dataset: str
    bucket_arn: pulumi.Input[str]
    queue_arn: pulumi.Input[str]
    dead_letter_queue_arn: pulumi.Input[str]
    batch_actions: bool
    """As of ReceiverPermissionsArgs."""


def receiver_statements(args: ReceiverPermissionsArgs) -> list[dict[str, Any]]:
    """The receiver fills the queue, remembers signatures and reads how third parties sign. It reads no API key."""
    parameters = pulumi.Output.concat("arn:aws:ssm:", args["region"], ":", args["account_id"], ":parameter")
    names = [f"{callbacks.callbacks_prefix(args['parameter_prefix'])}/*", *args["secret_parameters"]]
    return [
        allow("Enqueue", _send(batch_actions=args["batch_actions"]), [args["queue_arn"]]),
        allow("RememberSignatures", ["dynamodb:PutItem", "dynamodb:DeleteItem"], [args["signatures_table_arn"]]),
        allow("ReadCallbacks", ["ssm:GetParameter"], [pulumi.Output.concat(parameters, name) for name in names]),
    ]


def batcher_statements(args: BatcherPermissionsArgs) -> list[dict[str, Any]]:
    """The batcher empties the queue into its dataset's prefix, and sends what it cannot land to the dead letters."""
    landing = pulumi.Output.concat(args["bucket_arn"], f"/{keys.inbound_prefix(args['dataset'])}*")
    return [
        allow(
            "TakeMessages",
            ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
            [args["queue_arn"]],
        ),
        allow("LandEvents", ["s3:PutObject"], [landing]),
        allow("SendDeadLetters", _send(batch_actions=args["batch_actions"]), [args["dead_letter_queue_arn"]]),
    ]


def _send(*, batch_actions: bool) -> list[str]:
    return ["sqs:SendMessage", *(["sqs:SendMessageBatch"] if batch_actions else [])]
