"""What the SFTP collector's role may do: land files of its datasets, keep its ledger, read its configuration."""

from typing import Any, TypedDict

import pulumi

from dataplatform.aws.policies import allow
from lake import keys


class CollectorPermissionsArgs(TypedDict):
    """What the collector's policy is about."""

    datasets: list[str]
    parameter_prefix: str
    account_id: pulumi.Input[str]
    region: pulumi.Input[str]
    bucket_arn: pulumi.Input[str]
    ledger_arn: pulumi.Input[str]
    dead_letter_queue_arn: pulumi.Input[str]


def collector_statements(args: CollectorPermissionsArgs) -> list[dict[str, Any]]:
    """The collector writes under inbound/{its datasets}/ only, and reads nothing of the lake."""
    parameters = pulumi.Output.concat(
        "arn:aws:ssm:", args["region"], ":", args["account_id"], ":parameter", args["parameter_prefix"]
    )
    landing = [pulumi.Output.concat(args["bucket_arn"], f"/{keys.inbound_prefix(name)}*") for name in args["datasets"]]
    return [
        allow("LandFiles", ["s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"], landing),
        # Tells the keys of uploads that are under way, of the whole bucket: AWS has no narrower resource for it.
        allow("FindLeftOverUploads", ["s3:ListBucketMultipartUploads"], [args["bucket_arn"]]),
        allow(
            "KeepLedger",
            [
                "dynamodb:GetItem",
                "dynamodb:BatchGetItem",
                "dynamodb:PutItem",
                "dynamodb:UpdateItem",
                # Finds the claims that a killed run left: lake.ledger.strays.
                "dynamodb:Query",
            ],
            [args["ledger_arn"]],
        ),
        allow(
            "ReadConfiguration",
            ["ssm:GetParameter"],
            [pulumi.Output.concat(parameters, "/connections/*"), pulumi.Output.concat(parameters, "/datasets/*")],
        ),
        allow("SendFailures", ["sqs:SendMessage"], [args["dead_letter_queue_arn"]]),
    ]
