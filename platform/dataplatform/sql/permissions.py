"""Permissions of the SQL extraction's two roles: the task lands objects; Fargate pulls the image and writes logs."""

from collections.abc import Collection, Sequence

import pulumi

from dataplatform.aws.policies import allow, decrypt_given_parameters, document
from dataplatform.aws.stack import StackContext
from dataplatform.sql.container_image import ContainerImage
from dataplatform.storage.data_lake import DataLake
from lake import keys
from lake.ledger.items import partition


def task_policy(
    stack: StackContext,
    lake: DataLake,
    datasets: Collection[str],
    *,
    password_parameters: Sequence[str],
    ledger_table_arn: pulumi.Input[str],
) -> pulumi.Output[str]:
    """Return the policy of the task, which writes under inbound/{its datasets}/ and reads that to compare snapshots.

    Args:
        stack: the stack's context with its key.
        lake: the bucket that objects land in.
        datasets: names of the extracted datasets.
        password_parameters: names of the SSM SecureStrings with passwords that the program did not generate.
        ledger_table_arn: the ledger, which keeps the watermarks.
    """
    landing = [pulumi.Output.concat(lake.bucket_arn, f"/{keys.inbound_prefix(name)}*") for name in datasets]
    parameters = [
        pulumi.Output.concat("arn:aws:ssm:", stack.region, ":", stack.account_id, ":parameter", parameter)
        for parameter in (f"{stack.parameter_prefix}/databases/*", *password_parameters)
    ]
    actions = ["s3:PutObject", "s3:AbortMultipartUpload", "s3:GetObject"]
    ledger = allow(
        "KeepLedger",
        ["dynamodb:GetItem", "dynamodb:UpdateItem"],
        [ledger_table_arn],
        # The same table holds the items of collected files.
        {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": [partition(name) for name in datasets]}},
    )
    return document(
        *([allow("LandObjects", actions, landing), ledger] if landing else []),
        allow("ReadConfiguration", ["ssm:GetParameter"], parameters),
        *([decrypt_given_parameters(stack.region, stack.account_id)] if password_parameters else []),
        allow("UseKey", ["kms:Decrypt", "kms:GenerateDataKey"], [stack.key_arn]),
    )


def execution_policy(image: ContainerImage, log_group_arn: pulumi.Input[str]) -> pulumi.Output[str]:
    """Return the policy with which Fargate pulls the image and writes the task's logs."""
    return document(
        # A token is for the registry as a whole: docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html
        allow("LogInToRegistry", ["ecr:GetAuthorizationToken"], ["*"]),
        allow(
            "PullImage",
            ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            [image.repository_arn],
        ),
        allow(
            "WriteLogs",
            ["logs:CreateLogStream", "logs:PutLogEvents"],
            [pulumi.Output.concat(log_group_arn, ":*")],
        ),
    )
