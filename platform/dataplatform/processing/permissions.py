"""Permissions of each Glue job's role: its own prefixes and tables, the key, and Glue's logs and metrics."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from dataplatform.aws.policies import Conditions, allow, document
from dataplatform.aws.stack import StackContext
from dataplatform.storage.data_lake import DataLake
from dataplatform.watch.object_index import ObjectIndex
from lake import keys
from lake.object_index import items


@dataclass(frozen=True, slots=True, kw_only=True)
class JobScope:
    """The resources that the jobs' policies refer to."""

    stack: StackContext
    lake: DataLake
    index: ObjectIndex
    """The index that records which history files were merged."""
    teams: Sequence[str]
    """Teams whose reports the mart job writes."""
    log_prefix: str
    """Prefix of the names of the jobs' own log groups."""


def warehouse_policy(scope: JobScope) -> pulumi.Output[str]:
    """Return the policy of the warehouse job, which reads inbound/, writes warehouse/ and quarantine/, and merges."""
    return document(
        _list(scope, [keys.INBOUND, keys.WAREHOUSE, keys.TABLES]),
        allow("ReadInbound", ["s3:GetObject"], [_objects(scope, keys.INBOUND)]),
        allow("FindWaiting", ["dynamodb:Query"], [scope.index.index_arn(items.BY_ATTENTION)]),
        _write_rows(scope),
        *_merge(scope),
        *_common(scope),
    )


def sanitise_policy(scope: JobScope) -> pulumi.Output[str]:
    """Return the policy of the sanitise job, which repeats the warehouse job's work and also finds quarantined rows."""
    return document(
        _list(scope, [keys.INBOUND, keys.WAREHOUSE, keys.QUARANTINE, keys.TABLES]),
        allow("ReadRows", ["s3:GetObject"], [_objects(scope, keys.INBOUND), _objects(scope, keys.QUARANTINE)]),
        _write_rows(scope),
        *_merge(scope),
        *_common(scope),
    )


def publish_policy(scope: JobScope) -> pulumi.Output[str]:
    """Return the policy of the publish job, which merges the files in warehouse/ and writes nothing there."""
    return document(_list(scope, [keys.WAREHOUSE, keys.TABLES]), *_merge(scope), *_common(scope))


def mart_policy(scope: JobScope) -> pulumi.Output[str]:
    """Return the policy of the mart job, which reads published tables and writes reports with metadata."""
    reports = [pulumi.Output.concat(scope.lake.bucket_arn, f"/{keys.reports_prefix(team)}*") for team in scope.teams]
    return document(
        # Without this permission S3 answers 403 instead of 404 for a report that does not exist yet.
        _list(scope, [keys.TABLES, keys.MART]),
        allow("ReadTableFiles", ["s3:GetObject"], [_objects(scope, keys.TABLES)]),
        allow("FindTables", ["glue:GetTable"], _tables(scope)),
        allow("ReadReportMetadata", ["s3:GetObject"], reports),
        allow("WriteReports", ["s3:PutObject"], reports),
        *_encrypt_reports(scope),
        *_common(scope),
    )


def maintenance_policy(scope: JobScope) -> pulumi.Output[str]:
    """Return the policy of the maintenance job, the only job that deletes: snapshots and files of published tables."""
    return document(
        _list(scope, [keys.TABLES]),
        allow("ReadTableFiles", ["s3:GetObject"], [_objects(scope, keys.TABLES)]),
        # To drop snapshots, the job writes new table metadata.
        allow("WriteMetadata", ["s3:PutObject"], [_objects(scope, f"{keys.TABLES}/*/metadata")]),
        allow("DeleteTableFiles", ["s3:DeleteObject"], [_objects(scope, keys.TABLES)]),
        *_change_tables(scope, ["glue:GetTable", "glue:GetTables", "glue:UpdateTable"]),
        *_run(scope),
    )


def _encrypt_reports(scope: JobScope) -> list[dict[str, Any]]:
    arns = [*scope.lake.team_key_arns.values()]
    return [allow("EncryptReports", ["kms:GenerateDataKey"], arns)] if arns else []


def _write_rows(scope: JobScope) -> dict[str, Any]:
    # A large file is uploaded in parts; the upload is aborted if one of them fails.
    actions = ["s3:PutObject", "s3:AbortMultipartUpload"]
    return allow("WriteRows", actions, [_objects(scope, keys.WAREHOUSE), _objects(scope, keys.QUARANTINE)])


def _merge(scope: JobScope) -> list[dict[str, Any]]:
    """Return the permissions of a merge: read history files, change the tables, record progress in the index."""
    return [
        allow("ReadHistory", ["s3:GetObject"], [_objects(scope, keys.WAREHOUSE), _objects(scope, keys.TABLES)]),
        allow("WriteTableFiles", ["s3:PutObject", "s3:AbortMultipartUpload"], [_objects(scope, keys.TABLES)]),
        *_change_tables(scope, ["glue:CreateTable", "glue:GetTable", "glue:UpdateTable"]),
        allow("FindUnmerged", ["dynamodb:Query"], [scope.index.index_arn(items.BY_UNPUBLISHED)]),
        allow("RecordMerged", ["dynamodb:BatchGetItem", "dynamodb:UpdateItem"], [scope.index.table_arn]),
    ]


def _change_tables(scope: JobScope, actions: Sequence[str]) -> list[dict[str, Any]]:
    catalogue, database, tables = _tables(scope)
    return [
        # Before each change pyiceberg checks whether the database is one of Amazon S3 Tables.
        allow("FindDatabase", ["glue:GetDatabase"], [catalogue, database]),
        allow("ChangeTables", actions, [catalogue, database, tables]),
    ]


def _tables(scope: JobScope) -> list[pulumi.Output[str]]:
    """Return the catalogue, the warehouse's database and its tables: Glue checks a request for a table on all three."""
    stack, database = scope.stack, scope.lake.warehouse_database
    catalogue = pulumi.Output.concat("arn:aws:glue:", stack.region, ":", stack.account_id)
    return [
        pulumi.Output.concat(catalogue, ":catalog"),
        pulumi.Output.concat(catalogue, ":database/", database),
        pulumi.Output.concat(catalogue, ":table/", database, "/*"),
    ]


def _objects(scope: JobScope, prefix: str) -> pulumi.Output[str]:
    return pulumi.Output.concat(scope.lake.bucket_arn, f"/{prefix}/*")


def _list(scope: JobScope, prefixes: list[str]) -> dict[str, Any]:
    return allow(
        "ListPrefixes",
        ["s3:ListBucket"],
        [scope.lake.bucket_arn],
        {"StringLike": {"s3:prefix": [f"{prefix}/*" for prefix in prefixes]}},
    )


def _run(scope: JobScope) -> list[dict[str, Any]]:
    """Return the permissions that every job needs."""
    return [
        allow("ReadCode", ["s3:GetObject"], [_objects(scope, keys.CODE)]),
        allow("UseKey", ["kms:Decrypt", "kms:GenerateDataKey"], [scope.stack.key_arn]),
        allow(
            # Until Glue knows the jobs' log groups, it logs to groups that it creates under /aws-glue/.
            "WriteLogs",
            ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
            [scope.stack.log_groups("/aws-glue/*"), scope.stack.log_groups(f"{scope.log_prefix}/*")],
        ),
    ]


def _common(scope: JobScope) -> list[dict[str, Any]]:
    # The action does not support resources; the namespace narrows the statement instead.
    return [*_run(scope), allow("PublishMetrics", ["cloudwatch:PutMetricData"], ["*"], _namespaces(scope))]


def _namespaces(scope: JobScope) -> Conditions | None:
    if scope.stack.local.any_metric_namespace:
        return None
    return {"StringEquals": {"cloudwatch:namespace": ["Glue", scope.stack.metrics_namespace]}}
