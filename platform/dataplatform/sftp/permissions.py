"""Permissions of the SFTP collector's role: land files of its datasets, keep its ledger, read its configuration."""

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
    """Return the permissions. The collector writes only under inbound/{its datasets}/, and reads no object."""
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
        # The same table holds the items of SQL extractions.
        {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": [partition(name) for name in datasets]}},
    )
    return [
        *([allow("LandFiles", actions, landing), ledger] if landing else []),
        # Lists the keys of open uploads in the whole bucket: AWS accepts no narrower resource for this action.
        allow("FindLeftOverUploads", ["s3:ListBucketMultipartUploads"], [lake.bucket_arn]),
        allow(
            "ReadConfiguration",
            ["ssm:GetParameter"],
            [pulumi.Output.concat(parameters, "/connections/*"), pulumi.Output.concat(parameters, "/datasets/*")],
        ),
        allow("SendFailures", ["sqs:SendMessage"], [dead_letter_queue_arn]),
    ]
