"""A KMS key for each team, if the stack's settings ask for it."""

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws


def create_team_keys(
    name: str, teams: Sequence[str], policy: pulumi.Input[str], opts: pulumi.ResourceOptions
) -> dict[str, pulumi.Output[str]]:
    """Create a key and an alias for each team.

    Args:
        name: prefix of the names.
        teams: the teams that get a key.
        policy: policy of each key.
        opts: options of the keys; the aliases have the same parent.

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
    # The alias is deleted with the stack even if its key is retained; otherwise it would block the next stack of this
    # name.
    unprotected = pulumi.ResourceOptions(parent=opts.parent)
    for team, key in keys.items():
        aws.kms.Alias(
            f"{name}-{team}-key-alias", name=f"alias/{name}-{team}", target_key_id=key.key_id, opts=unprotected
        )
    return {team: key.arn for team, key in keys.items()}
