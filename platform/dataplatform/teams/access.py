"""A role per team, which reads and queries that team's reports and nothing else."""

from typing import TypedDict

import pulumi
import pulumi_aws as aws

from dataplatform.teams.permissions import (
    IdentityProviderArgs,
    TeamPermissionsArgs,
    boundary_policy,
    query_policy,
    reading_policy,
    trust_policy,
)
from lake import keys

HOUR = 3600
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
    session_hours: int
    """Longest session of the role."""
    identity_provider: IdentityProviderArgs | None
    """Where members come by; without one, principals of this account with the tag team={team} assume the role."""
    trust_account: bool
    """The account's principals may assume the role without the team's tag; only the local stack says so."""


class TeamAccess(pulumi.ComponentResource):
    """One team's role, bounded, and its Athena workgroup. Who is of the team may assume the role."""

    role_arn: pulumi.Output[str]
    workgroup: pulumi.Output[str]

    def __init__(self, name: str, args: TeamAccessArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("dataplatform:access:TeamAccess", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        workgroup = _create_workgroup(name, args, child)
        permissions: TeamPermissionsArgs = {
            "team": args["team"],
            "account_id": args["account_id"],
            "region": args["region"],
            "bucket_arn": args["bucket_arn"],
            "key_arn": args["key_arn"],
            "mart_database": args["mart_database"],
            "workgroup_arn": workgroup.arn,
        }
        boundary = aws.iam.Policy(
            f"{name}-boundary",
            description=f"What the role of the team {args['team']} can do at most",
            policy=boundary_policy(permissions),
            opts=child,
        )
        role = aws.iam.Role(
            f"{name}-role",
            description=f"Reads the reports of the team {args['team']}",
            assume_role_policy=trust_policy(
                args["team"], args["account_id"], args["identity_provider"], whole_account=args["trust_account"]
            ),
            max_session_duration=args["session_hours"] * HOUR,
            permissions_boundary=boundary.arn,
            opts=child,
        )
        aws.iam.RolePolicy(f"{name}-reads-its-reports", role=role.name, policy=reading_policy(permissions), opts=child)
        aws.iam.RolePolicy(f"{name}-queries-its-reports", role=role.name, policy=query_policy(permissions), opts=child)
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
