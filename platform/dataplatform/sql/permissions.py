"""What the SQL extraction's two roles may do: the task lands objects, Fargate pulls its image and writes its logs."""

from typing import TypedDict

import pulumi

from dataplatform.aws.policies import allow, document
from lake import keys


class ExtractionPermissionsArgs(TypedDict):
    """What the extraction's policies are about."""

    datasets: list[str]
    parameter_prefix: str
    password_parameters: list[str]
    """Names of the SSM SecureStrings with passwords that the program did not make."""
    account_id: pulumi.Input[str]
    region: pulumi.Input[str]
    bucket_arn: pulumi.Input[str]
    key_arn: pulumi.Input[str]
    ledger_table_arn: pulumi.Input[str]
    log_group_arn: pulumi.Input[str]
    repository_arn: pulumi.Input[str]


def task_policy(args: ExtractionPermissionsArgs) -> pulumi.Output[str]:
    """The task writes under inbound/{its datasets}/ and reads back only that, to compare snapshots."""
    landing = [pulumi.Output.concat(args["bucket_arn"], f"/{keys.inbound_prefix(name)}*") for name in args["datasets"]]
    parameters = [
        pulumi.Output.concat("arn:aws:ssm:", args["region"], ":", args["account_id"], ":parameter", parameter)
        for parameter in (f"{args['parameter_prefix']}/databases/*", *args["password_parameters"])
    ]
    return document(
        allow("LandObjects", ["s3:PutObject", "s3:AbortMultipartUpload", "s3:GetObject"], landing),
        allow(
            "KeepLedger",
            ["dynamodb:GetItem", "dynamodb:UpdateItem"],
            [args["ledger_table_arn"]],
        ),
        allow("ReadConfiguration", ["ssm:GetParameter"], parameters),
        allow("UseKey", ["kms:Decrypt", "kms:GenerateDataKey"], [args["key_arn"]]),
    )


def execution_policy(args: ExtractionPermissionsArgs) -> pulumi.Output[str]:
    """Fargate pulls the image and writes the task's logs."""
    return document(
        # A token is for the registry as a whole: docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html
        allow("LogInToRegistry", ["ecr:GetAuthorizationToken"], ["*"]),
        allow(
            "PullImage",
            ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            [args["repository_arn"]],
        ),
        allow(
            "WriteLogs",
            ["logs:CreateLogStream", "logs:PutLogEvents"],
            [pulumi.Output.concat(args["log_group_arn"], ":*")],
        ),
    )
