"""A role per team, which reads that team's reports and nothing else."""

from typing import TypedDict

import pulumi
import pulumi_aws as aws

from dataplatform.policies import account_root, allow, allow_principal, document
from lake import keys

SESSION_SECONDS = 3600


class TeamAccessArgs(TypedDict):
    """What TeamAccess needs."""

    team: str
    account_id: pulumi.Input[str]
    region: pulumi.Input[str]
    bucket_arn: pulumi.Input[str]
    key_arn: pulumi.Input[str]
    trust_account: bool
    """The account's principals may assume the role without the team's tag; only the local stack says so."""


class TeamAccess(pulumi.ComponentResource):
    """One team's role. A principal of this account may assume it if it carries the tag team={team}."""

    role_arn: pulumi.Output[str]

    def __init__(self, name: str, args: TeamAccessArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("dataplatform:access:TeamAccess", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        role = aws.iam.Role(
            f"{name}-role",
            description=f"Reads the reports of the team {args['team']}",
            assume_role_policy=_trust(args),
            max_session_duration=SESSION_SECONDS,
            opts=child,
        )
        aws.iam.RolePolicy(f"{name}-reads-its-reports", role=role.name, policy=_permissions(args), opts=child)
        self.role_arn = role.arn
        self.register_outputs({"roleArn": self.role_arn})


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
