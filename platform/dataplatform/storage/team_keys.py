"""A KMS key for each team, where the stack's settings ask for one."""

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws


def create_team_keys(
    name: str, teams: Sequence[str], policy: pulumi.Input[str], opts: pulumi.ResourceOptions
) -> dict[str, pulumi.Output[str]]:
    """Make the keys, and an alias of each.

    Args:
        name: what their names begin with.
        teams: which teams get one.
        policy: of each key.
        opts: of the keys; the aliases have their parent.

    Returns:
        The keys' ARNs, by team.
    """
    keys = {
        team: aws.kms.Key(
            f"{name}-{team}-key",
            description=f"Reports and query results of the team {team}, {name}",
            enable_key_rotation=True,
            deletion_window_in_days=30,
            policy=policy,
            opts=opts,
        )
        for team in teams
    }
    # Of a key that stays when its stack goes, the alias goes: kept, it would refuse the next stack of this name.
    unprotected = pulumi.ResourceOptions(parent=opts.parent)
    for team, key in keys.items():
        aws.kms.Alias(
            f"{name}-{team}-key-alias", name=f"alias/{name}-{team}", target_key_id=key.key_id, opts=unprotected
        )
    return {team: key.arn for team, key in keys.items()}
