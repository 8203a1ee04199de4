"""Evaluates the deployed policies on this machine: who may do what in the lake, and which statement decides.

The embedded AWS evaluates the policies. AWS's own simulator would need one more permission, and considers a bucket
policy only if it is passed one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ministack.core.iam_evaluator import EvalContext, combine_resource_policy, evaluate, parse_policy_document

from lake.keys import ANALYSTS, CODE, INBOUND, QUARANTINE, TABLES, WAREHOUSE, query_results_prefix, reports_prefix
from ops.access.policies import DeployedPolicies, DeployedRole

ALLOW: Final = "Allow"
DENY: Final = "Deny"
ACTIONS: Final = {
    "list": "s3:ListBucket",
    "get": "s3:GetObject",
    "put": "s3:PutObject",
    "delete": "s3:DeleteObject",
    "versions": "s3:ListBucketVersions",
    "old version": "s3:GetObjectVersion",
}
_OF_THE_BUCKET: Final = frozenset({"s3:ListBucket", "s3:ListBucketVersions"})


@dataclass(frozen=True, slots=True)
class Decision:
    """The policies' decision on one call."""

    allowed: bool
    statement: str
    """Id of the statement that decided; empty if no statement allows the call."""


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """What one role may do under one prefix."""

    role: str
    prefix: str
    decisions: Mapping[str, Decision]
    """The decision for each of ACTIONS."""


def access_matrix(policies: DeployedPolicies, datasets: Sequence[str], teams: Sequence[str]) -> list[MatrixRow]:
    """Return each role of the stack with each prefix of the lake."""
    prefixes = [f"{area}/{dataset}/" for area in (INBOUND, WAREHOUSE, QUARANTINE, TABLES) for dataset in datasets]
    prefixes += [reports_prefix(team) for team in teams]
    prefixes += [query_results_prefix(reader) for reader in (*teams, ANALYSTS)]
    prefixes += [f"{CODE}/"]
    return [
        MatrixRow(role.name, prefix, {name: _on_prefix(policies, role, each, prefix) for name, each in ACTIONS.items()})
        for role in policies.roles
        for prefix in prefixes
    ]


def decide(
    policies: DeployedPolicies, role: DeployedRole, action: str, resource: str, keys: Mapping[str, Any]
) -> Decision:
    """Evaluate a call over TLS by the role's policies and those of bucket and key.

    Args:
        policies: the stack's policies.
        role: the calling role.
        action: such as "s3:GetObject".
        resource: ARN of the resource.
        keys: condition keys of the request.
    """
    context = EvalContext(
        principal_arn=f"arn:aws:sts::{policies.account}:assumed-role/{role.name}/session",
        principal_type="AssumedRole",
        principal_account=policies.account,
        action=action,
        resource_arn=resource,
        region=policies.region,
        secure_transport=True,
        service_context={key.lower(): value for key, value in keys.items()},
    )
    limits = [[parse_policy_document({"Statement": list(role.boundary)})]] if role.boundary is not None else []
    result = evaluate(context, [parse_policy_document({"Statement": list(role.statements)})], *limits)
    if action.startswith("s3:"):
        result = combine_resource_policy(
            result, context, policies.bucket_policy, policies.account, limits=tuple(limits)
        )
    if action.startswith("kms:"):
        result = combine_resource_policy(
            result, context, policies.key_policy, policies.account, required=True, limits=tuple(limits)
        )
    return Decision(result.decision == ALLOW, result.matched_sid)


def _on_prefix(policies: DeployedPolicies, role: DeployedRole, action: str, prefix: str) -> Decision:
    bucket = f"arn:aws:s3:::{policies.bucket}"
    if action in _OF_THE_BUCKET:
        return decide(policies, role, action, bucket, {"s3:prefix": prefix})
    return decide(policies, role, action, f"{bucket}/{prefix}object", {})
