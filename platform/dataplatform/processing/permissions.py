"""What each Glue job's role may do: its own prefixes, the key, and Glue's log and metric destinations."""

from collections.abc import Mapping
from typing import Any, TypedDict

import pulumi

from dataplatform.aws.policies import Conditions, allow, document
from lake import keys


class JobPermissionsArgs(TypedDict):
    """What the jobs' policies are about."""

    bucket_arn: pulumi.Input[str]
    key_arn: pulumi.Input[str]
    team_key_arns: Mapping[str, pulumi.Input[str]]
    """Keys of the teams' reports, where they have some of their own."""
    account_id: pulumi.Input[str]
    region: pulumi.Input[str]
    teams: list[str]
    log_group_arn: pulumi.Input[str]
    """Where the jobs' own log goes."""
    metrics_namespace: str
    """Where the jobs' own counts go."""
    any_metric_namespace: bool
    """No condition on the namespace; only the local stack says so."""


def warehouse_policy(args: JobPermissionsArgs) -> pulumi.Output[str]:
    """The warehouse job reads inbound/ and writes warehouse/ and quarantine/."""
    return document(
        _list(args, [keys.INBOUND, keys.WAREHOUSE]),
        allow("ReadInbound", ["s3:GetObject"], [_objects(args, keys.INBOUND)]),
        _write_rows(args),
        *_common(args),
    )


def sanitise_policy(args: JobPermissionsArgs) -> pulumi.Output[str]:
    """The sanitise job does what warehouse does, again, and reads which objects have rows in quarantine/."""
    return document(
        _list(args, [keys.INBOUND, keys.WAREHOUSE, keys.QUARANTINE]),
        allow("ReadRows", ["s3:GetObject"], [_objects(args, keys.INBOUND), _objects(args, keys.QUARANTINE)]),
        _write_rows(args),
        *_common(args),
    )


def mart_policy(args: JobPermissionsArgs) -> pulumi.Output[str]:
    """The mart job reads warehouse/ and writes the teams' reports."""
    reports = [pulumi.Output.concat(args["bucket_arn"], f"/{keys.reports_prefix(team)}*") for team in args["teams"]]
    return document(
        _list(args, [keys.WAREHOUSE]),
        allow("ReadWarehouse", ["s3:GetObject"], [_objects(args, keys.WAREHOUSE)]),
        allow("WriteReports", ["s3:PutObject"], reports),
        *_encrypt_reports(args),
        *_common(args),
    )


def _encrypt_reports(args: JobPermissionsArgs) -> list[dict[str, Any]]:
    arns = [*args["team_key_arns"].values()]
    return [allow("EncryptReports", ["kms:GenerateDataKey"], arns)] if arns else []


def _write_rows(args: JobPermissionsArgs) -> dict[str, Any]:
    # A large file goes in parts, which are aborted if one of them fails.
    actions = ["s3:PutObject", "s3:AbortMultipartUpload"]
    return allow("WriteRows", actions, [_objects(args, keys.WAREHOUSE), _objects(args, keys.QUARANTINE)])


def _objects(args: JobPermissionsArgs, prefix: str) -> pulumi.Output[str]:
    return pulumi.Output.concat(args["bucket_arn"], f"/{prefix}/*")


def _list(args: JobPermissionsArgs, prefixes: list[str]) -> dict[str, Any]:
    return allow(
        "ListPrefixes",
        ["s3:ListBucket"],
        [args["bucket_arn"]],
        {"StringLike": {"s3:prefix": [f"{prefix}/*" for prefix in prefixes]}},
    )


def _common(args: JobPermissionsArgs) -> list[dict[str, Any]]:
    log_groups = pulumi.Output.concat("arn:aws:logs:", args["region"], ":", args["account_id"], ":log-group:/aws-glue/")
    return [
        allow("ReadCode", ["s3:GetObject"], [_objects(args, keys.CODE)]),
        allow("UseKey", ["kms:Decrypt", "kms:GenerateDataKey"], [args["key_arn"]]),
        allow(
            # What Glue itself says of a run goes to groups that it makes, under this prefix.
            "WriteLogs",
            ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
            [pulumi.Output.concat(log_groups, "*"), pulumi.Output.concat(args["log_group_arn"], ":*")],
        ),
        # CloudWatch metrics know no resources; the namespace narrows the statement instead.
        allow("PublishMetrics", ["cloudwatch:PutMetricData"], ["*"], _namespaces(args)),
    ]


def _namespaces(args: JobPermissionsArgs) -> Conditions | None:
    if args["any_metric_namespace"]:
        return None
    return {"StringEquals": {"cloudwatch:namespace": ["Glue", args["metrics_namespace"]]}}
