"""A role per team, which reads and queries that team's reports and nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import pulumi
import pulumi_aws as aws

from dataplatform.aws.stack import StackContext
from dataplatform.settings.model import Settings
from dataplatform.storage.data_lake import DataLake
from dataplatform.teams.permissions import TeamScope, boundary_policy, query_policy, reading_policy, trust_policy
from lake import keys

HOUR = 3600
GIGABYTE = 1_000_000_000


class TeamAccess(pulumi.ComponentResource):
    """One team's role, bounded, and its Athena workgroup. Who is of the team may assume the role."""

    role_arn: pulumi.Output[str]
    workgroup: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        *,
        stack: StackContext,
        lake: DataLake,
        settings: Settings,
        team: str,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Create the team's role and workgroup.

        Args:
            name: of the workgroup; what the resources' names begin with.
            stack: the stack's context with its key.
            lake: the bucket, the team's mart database, and the team's own key if it has one.
            settings: how much one query may read, how long a session lasts, and how team members sign in.
            team: the team's name.
            opts: of the component.
        """
        super().__init__("dataplatform:access:TeamAccess", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        key_arn = lake.team_key_arns.get(team, lake.key_arn)
        workgroup = aws.athena.Workgroup(
            f"{name}-queries",
            name=name,
            description=f"Queries of the team {team}",
            configuration={
                # Whatever a client asks for, results go where only this team reads.
                "enforce_workgroup_configuration": True,
                "publish_cloudwatch_metrics_enabled": True,
                "bytes_scanned_cutoff_per_query": settings.query_scan_limit_gigabytes * GIGABYTE,
                "engine_version": {"selected_engine_version": "Athena engine version 3"},
                "result_configuration": {
                    "output_location": pulumi.Output.concat(
                        "s3://", lake.bucket_name, "/", keys.query_results_prefix(team)
                    ),
                    "encryption_configuration": {"encryption_option": "SSE_KMS", "kms_key_arn": key_arn},
                },
            },
            # Results of queries are in the bucket; what the workgroup holds is the list of past queries.
            force_destroy=not stack.protect_data,
            opts=child,
        )
        scope = TeamScope(
            team=team,
            stack=stack,
            bucket_arn=lake.bucket_arn,
            key_arn=key_arn,
            mart_database=lake.mart_databases[team],
            workgroup_arn=workgroup.arn,
        )
        boundary = aws.iam.Policy(
            f"{name}-boundary",
            description=f"What the role of the team {team} can do at most",
            policy=boundary_policy(scope),
            opts=child,
        )
        role = aws.iam.Role(
            f"{name}-role",
            description=f"Reads the reports of the team {team}",
            assume_role_policy=trust_policy(
                team,
                stack.account_id,
                settings.team_identity_provider,
                whole_account=stack.local.trust_account,
            ),
            max_session_duration=settings.team_session_hours * HOUR,
            permissions_boundary=boundary.arn,
            opts=child,
        )
        aws.iam.RolePolicy(f"{name}-reads-its-reports", role=role.name, policy=reading_policy(scope), opts=child)
        aws.iam.RolePolicy(f"{name}-queries-its-reports", role=role.name, policy=query_policy(scope), opts=child)
        self.role_arn = role.arn
        self.workgroup = workgroup.name
        self.register_outputs({"roleArn": self.role_arn, "workgroup": self.workgroup})


@dataclass(frozen=True, slots=True)
class Teams:
    """The access of each team, by team."""

    access: Mapping[str, TeamAccess]

    @classmethod
    def of(cls, stack: StackContext, lake: DataLake, settings: Settings) -> Self:
        """Create every team's access."""
        return cls(
            {
                team: TeamAccess(f"{stack.name}-{team}", stack=stack, lake=lake, settings=settings, team=team)
                for team in settings.teams
            }
        )

    @property
    def exports(self) -> Mapping[str, object]:
        """What the stack exports of its teams, by team."""
        return {
            "teamRoleArns": {team: access.role_arn for team, access in self.access.items()},
            "teamWorkgroups": {team: access.workgroup for team, access in self.access.items()},
        }
