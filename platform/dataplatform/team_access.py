"""A role per team, which reads and queries that team's reports and nothing else."""

from typing import TypedDict

import pulumi
import pulumi_aws as aws

from dataplatform.policies import account_root, allow, allow_principal, document
from lake import keys

SESSION_SECONDS = 3600
GIGABYTE = 1_000_000_000


class TeamAccessArgs(TypedDict):
    """What TeamAccess needs."""

    team: str
    account_id: pulumi.Input[str]
    region: pulumi.Input[str]
    bucket_name: pulumi.Input[str]
    bucket_arn: pulumi.Input[str]
    key_arn: pulumi.Input[str]
    mart_database: pulumi.Input[str]
    """Glue database of the team's reports."""
    scan_limit_gigabytes: int
    """What one query of the team may read before Athena stops it."""
    trust_account: bool
    """The account's principals may assume the role without the team's tag; only the local stack says so."""


class TeamAccess(pulumi.ComponentResource):
    """One team's role and Athena workgroup. Principals of this account with the tag team={team} may assume the role."""

    role_arn: pulumi.Output[str]
    workgroup: pulumi.Output[str]

    def __init__(self, name: str, args: TeamAccessArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("dataplatform:access:TeamAccess", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        workgroup = _create_workgroup(name, args, child)
        role = aws.iam.Role(
            f"{name}-role",
            description=f"Reads the reports of the team {args['team']}",
            assume_role_policy=_trust(args),
            max_session_duration=SESSION_SECONDS,
            opts=child,
        )
        aws.iam.RolePolicy(f"{name}-reads-its-reports", role=role.name, policy=_permissions(args), opts=child)
        aws.iam.RolePolicy(
            f"{name}-queries-its-reports", role=role.name, policy=_query_permissions(args, workgroup.arn), opts=child
        )
        self.role_arn = role.arn
        self.workgroup = workgroup.name
        self.register_outputs({"roleArn": self.role_arn, "workgroup": self.workgroup})


def _create_workgroup(name: str, args: TeamAccessArgs, opts: pulumi.ResourceOptions) -> aws.athena.Workgroup:
    results = pulumi.Output.concat("s3://", args["bucket_name"], "/", keys.query_results_prefix(args["team"]))
    return aws.athena.Workgroup(
        f"{name}-queries",
        name=name,
        description=f"Queries of the team {args['team']}",
        configuration={
            # Whatever a client asks for, results go where only this team reads.
            "enforce_workgroup_configuration": True,
            "publish_cloudwatch_metrics_enabled": True,
            "bytes_scanned_cutoff_per_query": args["scan_limit_gigabytes"] * GIGABYTE,
            "engine_version": {"selected_engine_version": "Athena engine version 3"},
            "result_configuration": {
                "output_location": results,
                "encryption_configuration": {"encryption_option": "SSE_KMS", "kms_key_arn": args["key_arn"]},
            },
        },
        opts=opts,
    )


def _trust(args: TeamAccessArgs) -> pulumi.Output[str]:
    tagged = {"StringEquals": {"aws:PrincipalTag/team": args["team"]}}
    return document(
        allow_principal(
            "TeamMembersAssume",
            {"AWS": account_root(args["account_id"])},
            ["sts:AssumeRole"],
            conditions=None if args["trust_account"] else tagged,
        )
    )


def _permissions(args: TeamAccessArgs) -> pulumi.Output[str]:
    prefix = keys.reports_prefix(args["team"])
    return document(
        allow("ReadReports", ["s3:GetObject"], [pulumi.Output.concat(args["bucket_arn"], f"/{prefix}*")]),
        allow("ListReports", ["s3:ListBucket"], [args["bucket_arn"]], {"StringLike": {"s3:prefix": f"{prefix}*"}}),
        allow(
            # With bucket keys the encryption context is the bucket: which prefix may be read is S3's decision above.
            "DecryptThroughS3",
            ["kms:Decrypt"],
            [args["key_arn"]],
            {
                "StringEquals": {
                    "kms:ViaService": pulumi.Output.concat("s3.", args["region"], ".amazonaws.com"),
                    "kms:EncryptionContext:aws:s3:arn": args["bucket_arn"],
                }
            },
        ),
    )


def _query_permissions(args: TeamAccessArgs, workgroup_arn: pulumi.Output[str]) -> pulumi.Output[str]:
    catalogue = pulumi.Output.concat("arn:aws:glue:", args["region"], ":", args["account_id"])
    results = pulumi.Output.concat(args["bucket_arn"], f"/{keys.query_results_prefix(args['team'])}*")
    return document(
        allow(
            "Query",
            [
                "athena:GetQueryExecution",
                "athena:GetQueryResults",
                "athena:GetWorkGroup",
                "athena:ListQueryExecutions",
                "athena:StartQueryExecution",
                "athena:StopQueryExecution",
            ],
            [workgroup_arn],
        ),
        allow(
            "ReadTables",
            ["glue:GetDatabase", "glue:GetTable", "glue:GetTables"],
            [
                pulumi.Output.concat(catalogue, ":catalog"),
                pulumi.Output.concat(catalogue, ":database/", args["mart_database"]),
                pulumi.Output.concat(catalogue, ":table/", args["mart_database"], "/*"),
            ],
        ),
        allow("FindBucket", ["s3:GetBucketLocation"], [args["bucket_arn"]]),
        allow(
            "ListResults",
            ["s3:ListBucket"],
            [args["bucket_arn"]],
            {"StringLike": {"s3:prefix": f"{keys.query_results_prefix(args['team'])}*"}},
        ),
        allow("KeepResults", ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"], [results]),
        allow(
            "EncryptResults",
            ["kms:GenerateDataKey"],
            [args["key_arn"]],
            {"StringEquals": {"kms:ViaService": pulumi.Output.concat("s3.", args["region"], ".amazonaws.com")}},
        ),
    )
