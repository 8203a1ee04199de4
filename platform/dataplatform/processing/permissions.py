"""What each Glue job's role may do: its own prefixes, the key, and Glue's log and metric destinations."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from dataplatform.aws.policies import Conditions, allow, document
from dataplatform.aws.stack import StackContext
from dataplatform.storage.data_lake import DataLake
from lake import keys


@dataclass(frozen=True, slots=True, kw_only=True)
class JobScope:
    """What the jobs' policies are about."""

    stack: StackContext
    lake: DataLake
    teams: Sequence[str]
    """Teams whose reports the mart job writes."""
    log_prefix: str
    """What the names of the jobs' own log groups begin with."""


def warehouse_policy(scope: JobScope) -> pulumi.Output[str]:
    """The warehouse job reads inbound/ and writes warehouse/ and quarantine/."""
    return document(
        _list(scope, [keys.INBOUND, keys.WAREHOUSE]),
        allow("ReadInbound", ["s3:GetObject"], [_objects(scope, keys.INBOUND)]),
        _write_rows(scope),
        *_common(scope),
    )


def sanitise_policy(scope: JobScope) -> pulumi.Output[str]:
    """The sanitise job does what warehouse does, again, and reads which objects have rows in quarantine/."""
    return document(
        _list(scope, [keys.INBOUND, keys.WAREHOUSE, keys.QUARANTINE]),
        allow("ReadRows", ["s3:GetObject"], [_objects(scope, keys.INBOUND), _objects(scope, keys.QUARANTINE)]),
        _write_rows(scope),
        *_common(scope),
    )


def mart_policy(scope: JobScope) -> pulumi.Output[str]:
    """The mart job reads warehouse/ and writes the teams' reports."""
    reports = [pulumi.Output.concat(scope.lake.bucket_arn, f"/{keys.reports_prefix(team)}*") for team in scope.teams]
    return document(
        _list(scope, [keys.WAREHOUSE]),
        allow("ReadWarehouse", ["s3:GetObject"], [_objects(scope, keys.WAREHOUSE)]),
        allow("WriteReports", ["s3:PutObject"], reports),
        *_encrypt_reports(scope),
        *_common(scope),
    )


def _encrypt_reports(scope: JobScope) -> list[dict[str, Any]]:
    arns = [*scope.lake.team_key_arns.values()]
    return [allow("EncryptReports", ["kms:GenerateDataKey"], arns)] if arns else []


def _write_rows(scope: JobScope) -> dict[str, Any]:
    # A large file goes in parts, which are aborted if one of them fails.
    actions = ["s3:PutObject", "s3:AbortMultipartUpload"]
    return allow("WriteRows", actions, [_objects(scope, keys.WAREHOUSE), _objects(scope, keys.QUARANTINE)])


def _objects(scope: JobScope, prefix: str) -> pulumi.Output[str]:
    return pulumi.Output.concat(scope.lake.bucket_arn, f"/{prefix}/*")


def _list(scope: JobScope, prefixes: list[str]) -> dict[str, Any]:
    return allow(
        "ListPrefixes",
        ["s3:ListBucket"],
        [scope.lake.bucket_arn],
        {"StringLike": {"s3:prefix": [f"{prefix}/*" for prefix in prefixes]}},
    )


def _common(scope: JobScope) -> list[dict[str, Any]]:
    return [
        allow("ReadCode", ["s3:GetObject"], [_objects(scope, keys.CODE)]),
        allow("UseKey", ["kms:Decrypt", "kms:GenerateDataKey"], [scope.stack.key_arn]),
        allow(
            # What Glue itself says before it knows the jobs' groups goes to groups that it makes, under /aws-glue/.
            "WriteLogs",
            ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
            [scope.stack.log_groups("/aws-glue/*"), scope.stack.log_groups(f"{scope.log_prefix}/*")],
        ),
        # CloudWatch metrics know no resources; the namespace narrows the statement instead.
        allow("PublishMetrics", ["cloudwatch:PutMetricData"], ["*"], _namespaces(scope)),
    ]


def _namespaces(scope: JobScope) -> Conditions | None:
    if scope.stack.local.any_metric_namespace:
        return None
    return {"StringEquals": {"cloudwatch:namespace": ["Glue", scope.stack.metrics_namespace]}}
