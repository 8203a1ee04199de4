"""CI's roles in the emulator: rights that its evaluator cannot judge like AWS are allowed by action only.

Everything else is judged by the bootstrap's own policies with resources and conditions, and so is every denial.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from init.documents import Document
from tests.support.provider.emulated import what_the_emulator_asks_otherwise

BY_ACTION_ALONE: Final = frozenset(
    {"apigateway", "athena", "budgets", "cloudwatch", "ec2", "ecs", "events", "glue", "iam", "lambda", "scheduler"}
)
"""Services whose requests the emulator judges without their resource, or without the keys in a statement."""
_ALIASES: Final = frozenset({"kms:CreateAlias", "kms:DeleteAlias", "kms:UpdateAlias"})
"""The emulator judges only the alias; AWS also judges the key, by its tag."""


def allow_unjudged(iam: Any, role: str, policies: Mapping[str, Document]) -> list[str]:
    """Give a role what the emulator would refuse without reason.

    Args:
        iam: a client with the right to do so.
        role: the role's name.
        policies: its policies, as the bootstrap writes them.

    Returns:
        The services that are judged as on AWS.
    """
    allowed = {
        action
        for document in policies.values()
        for statement in document["Statement"]
        if statement["Effect"] == "Allow"
        for action in statement["Action"]
    }
    unjudged = {action for action in allowed if action.partition(":")[0] in BY_ACTION_ALONE} | (allowed & _ALIASES)
    asked = what_the_emulator_asks_otherwise(policies)
    statements = [{"Effect": "Allow", "Action": sorted(unjudged), "Resource": "*"}, asked]
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    iam.put_role_policy(RoleName=role, PolicyName="unjudged-by-the-emulator", PolicyDocument=document)
    return sorted({action.partition(":")[0] for action in allowed} - BY_ACTION_ALONE)
