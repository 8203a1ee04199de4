"""What the SFTP collector's role may do: land files of its datasets, keep its ledger, read its configuration."""

from collections.abc import Collection
from typing import Any

import pulumi

from dataplatform.aws.policies import allow
from dataplatform.aws.stack import StackContext
from dataplatform.storage.data_lake import DataLake
from lake import keys
from lake.ledger.items import partition


def collector_statements(
    stack: StackContext,
    lake: DataLake,
    datasets: Collection[str],
    *,
    ledger_arn: pulumi.Input[str],
    dead_letter_queue_arn: pulumi.Input[str],
) -> list[dict[str, Any]]:
    """The collector writes under inbound/{its datasets}/ only, and reads nothing of the lake."""
    parameters = pulumi.Output.concat(
        "arn:aws:ssm:", stack.region, ":", stack.account_id, ":parameter", stack.parameter_prefix
    )
    landing = [pulumi.Output.concat(lake.bucket_arn, f"/{keys.inbound_prefix(name)}*") for name in datasets]
    actions = ["s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"]
    ledger = allow(
        "KeepLedger",
        [
            "dynamodb:GetItem",
            "dynamodb:BatchGetItem",
            "dynamodb:PutItem",
            "dynamodb:UpdateItem",
            # Finds the claims that a killed run left: lake.ledger.strays.
            "dynamodb:Query",
        ],
        [ledger_arn],
        # The extraction's tables are in the same table.
        {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": [partition(name) for name in datasets]}},
    )
    return [
        *([allow("LandFiles", actions, landing), ledger] if landing else []),
        # Tells the keys of uploads that are under way, of the whole bucket: AWS has no narrower resource for it.
        allow("FindLeftOverUploads", ["s3:ListBucketMultipartUploads"], [lake.bucket_arn]),
        allow(
            "ReadConfiguration",
            ["ssm:GetParameter"],
            [pulumi.Output.concat(parameters, "/connections/*"), pulumi.Output.concat(parameters, "/datasets/*")],
        ),
        allow("SendFailures", ["sqs:SendMessage"], [dead_letter_queue_arn]),
    ]
