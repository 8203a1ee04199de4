"""Builds IAM policy documents. Allow statements cannot contain wildcard actions."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import pulumi

VERSION: Final = "2012-10-17"
# CloudTrail does not support the condition:
# docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-required-policy-for-cloudwatch-logs.html. AWS does not
# document that Glue sends the account when it assumes a job's role; if it does not, no job could be created with the
# condition. IAM passes roles only within an account.
_SENDS_NO_SOURCE_ACCOUNT: Final = frozenset({"cloudtrail.amazonaws.com", "glue.amazonaws.com"})

Conditions = Mapping[str, Mapping[str, Any]]


def allow(
    sid: str,
    actions: Sequence[str],
    resources: Sequence[pulumi.Input[str]],
    conditions: Conditions | None = None,
) -> dict[str, Any]:
    """Return an Allow statement for an identity policy.

    Raises:
        ValueError: An action contains a wildcard, or no resource is named, in which case IAM refuses the whole policy.
    """
    if not resources:
        raise ValueError(f"statement {sid} does not name resources; name them, or leave the statement out")
    return _statement("Allow", sid, actions, conditions) | {"Resource": list(resources)}


def allow_principal(
    sid: str,
    principal: Mapping[str, Any],
    actions: Sequence[str],
    resources: Sequence[pulumi.Input[str]] = (),
    conditions: Conditions | None = None,
) -> dict[str, Any]:
    """Return an Allow statement for a resource or trust policy; trust policies name no resource.

    Raises:
        ValueError: An action contains a wildcard.
    """
    statement = _statement("Allow", sid, actions, conditions) | {"Principal": dict(principal)}
    return statement | {"Resource": list(resources)} if resources else statement


def deny_everyone(
    sid: str, actions: Sequence[str], resources: Sequence[pulumi.Input[str]], conditions: Conditions
) -> dict[str, Any]:
    """Return a Deny statement for a resource policy, for every principal under a condition. Wildcards are allowed."""
    return {
        "Sid": sid,
        "Effect": "Deny",
        "Principal": "*",
        "Action": list(actions),
        "Resource": list(resources),
        "Condition": conditions,
    }


def deny(
    sid: str,
    actions: Sequence[str],
    *,
    resources: Sequence[pulumi.Input[str]] = (),
    other_than: Sequence[pulumi.Input[str]] = (),
    conditions: Conditions | None = None,
) -> dict[str, Any]:
    """Return a Deny statement for an identity policy, on some resources or on all others. Wildcards are allowed.

    Raises:
        ValueError: Neither resources nor excluded resources are named, or both are.
    """
    if bool(resources) == bool(other_than):
        raise ValueError(f"statement {sid} names neither resources nor excluded resources; name one of them")
    where = {"Resource": list(resources)} if resources else {"NotResource": list(other_than)}
    statement = {"Sid": sid, "Effect": "Deny", "Action": list(actions), **where}
    return statement | {"Condition": conditions} if conditions else statement


def deny_all_but(sid: str, actions: Sequence[str]) -> dict[str, Any]:
    """Return a Deny statement for an identity policy that denies everything except these actions."""
    return {"Sid": sid, "Effect": "Deny", "NotAction": list(actions), "Resource": ["*"]}


def document(*statements: Mapping[str, Any]) -> pulumi.Output[str]:
    """Return the policy document of these statements as JSON."""
    return pulumi.Output.json_dumps({"Version": VERSION, "Statement": list(statements)})


def trust_service(service: str, account_id: pulumi.Input[str], *, also_account: bool = False) -> pulumi.Output[str]:
    """Return the trust policy of a role for an AWS service, limited to this account if the service supports it."""
    here: Conditions = {"StringEquals": {"aws:SourceAccount": account_id}}
    conditions = None if service in _SENDS_NO_SOURCE_ACCOUNT else here
    statements = [allow_principal("ServiceAssumes", {"Service": service}, ["sts:AssumeRole"], conditions=conditions)]
    if also_account:
        statements.append(allow_principal("LocalRunnerAssumes", {"AWS": account_root(account_id)}, ["sts:AssumeRole"]))
    return document(*statements)


def decrypt_given_parameters(region: pulumi.Input[str], account_id: pulumi.Input[str]) -> dict[str, Any]:
    """Return a statement that allows decrypting parameters that a person stored with SSM's default key aws/ssm.

    Before the key exists it has no ARN, so the statement names its alias.
    """
    return allow(
        "DecryptGivenParameters",
        ["kms:Decrypt"],
        [pulumi.Output.concat("arn:aws:kms:", region, ":", account_id, ":key/*")],
        {
            "StringEquals": {"kms:ViaService": pulumi.Output.concat("ssm.", region, ".amazonaws.com")},
            "ForAnyValue:StringEquals": {"kms:ResourceAliases": "alias/aws/ssm"},
        },
    )


def account_root(account_id: pulumi.Input[str]) -> pulumi.Output[str]:
    """Return the ARN that means every principal of an account."""
    return pulumi.Output.concat("arn:aws:iam::", account_id, ":root")


def budgets_of(account_id: pulumi.Input[str]) -> Conditions:
    """Return the conditions that AWS Budgets' requests for this account meet.

    docs.aws.amazon.com/cost-management/latest/userguide/budgets-sns-policy.html
    """
    return {
        "StringEquals": {"aws:SourceAccount": account_id},
        "ArnLike": {"aws:SourceArn": pulumi.Output.concat("arn:aws:budgets::", account_id, ":*")},
    }


def _statement(effect: str, sid: str, actions: Sequence[str], conditions: Conditions | None) -> dict[str, Any]:
    wild = [action for action in actions if "*" in action]
    if wild:
        raise ValueError(f"statement {sid}: {', '.join(wild)} stands for many actions; name each action")
    statement: dict[str, Any] = {"Sid": sid, "Effect": effect, "Action": list(actions)}
    return statement | {"Condition": conditions} if conditions else statement
