"""One role per team, which reads and queries only that team's reports; and all readers of a stack."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import pulumi

from dataplatform.aws.stack import StackContext
from dataplatform.settings.model import Settings
from dataplatform.storage.data_lake import DataLake
from dataplatform.teams.analysts import AnalystAccess
from dataplatform.teams.permissions import ReaderScope, Tag
from dataplatform.teams.reader import RoleTexts, create_role, create_workgroup
from lake import keys


class TeamAccess(pulumi.ComponentResource):
    """One team's limited role, which the team's members may assume, and its Athena workgroup."""

    role_arn: pulumi.Output[str]
    """ARN of the team's role. The export has the roles of all teams, by team."""
    workgroup: pulumi.Output[str]
    """Name of the team's Athena workgroup. The export has the workgroups of all teams, by team."""

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
            name: name of the workgroup, and prefix of the resources' names.
            stack: the stack's context with its key.
            lake: the bucket, the team's mart database, and the team's own key if it has one.
            settings: how much one query may read, how long a session lasts, and how team members sign in.
            team: the team's name.
            opts: options of the component.
        """
        super().__init__("dataplatform:access:TeamAccess", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        key_arn, results = lake.team_key_arns.get(team, lake.key_arn), keys.query_results_prefix(team)
        workgroup = create_workgroup(
            name,
            description=f"Queries of the team {team}",
            lake=lake,
            results_prefix=results,
            key_arn=key_arn,
            settings=settings,
            opts=child,
        )
        scope = ReaderScope(
            stack=stack,
            bucket_arn=lake.bucket_arn,
            key_arn=key_arn,
            subject="Reports",
            prefixes=[keys.reports_prefix(team)],
            results_prefix=results,
            database=lake.mart_databases[team],
            tables=["*"],
            workgroup_arn=workgroup.arn,
        )
        texts = RoleTexts(
            role=f"Reads the reports of the team {team}",
            limits=f"What is denied to the role of the team {team}",
            subject="reports",
        )
        tag = Tag("team", team, "TeamMembers")
        role = create_role(name, scope=scope, tag=tag, settings=settings, texts=texts, opts=child)
        self.role_arn = role.arn
        self.workgroup = workgroup.name
        self.register_outputs({"roleArn": self.role_arn, "workgroup": self.workgroup})


@dataclass(frozen=True, slots=True)
class Readers:
    """All readers of the lake: each team, and the analysts if the stack grants them a dataset."""

    teams: Mapping[str, TeamAccess]
    analysts: AnalystAccess | None

    @classmethod
    def of(cls, stack: StackContext, lake: DataLake, settings: Settings) -> Self:
        """Create the access of every team and of the analysts."""
        teams = {
            team: TeamAccess(f"{stack.name}-{team}", stack=stack, lake=lake, settings=settings, team=team)
            for team in settings.teams
        }
        if not settings.analysts.datasets:
            return cls(teams, None)
        return cls(teams, AnalystAccess(f"{stack.name}-{keys.ANALYSTS}", stack=stack, lake=lake, settings=settings))

    @property
    def exports(self) -> Mapping[str, object]:
        """The stack's outputs about its teams, by team, and about its analysts."""
        exports: dict[str, object] = {
            "teamRoleArns": {team: access.role_arn for team, access in self.teams.items()},
            "teamWorkgroups": {team: access.workgroup for team, access in self.teams.items()},
        }
        if self.analysts is not None:
            exports |= {"analystRoleArn": self.analysts.role_arn, "analystWorkgroup": self.analysts.workgroup}
        return exports
