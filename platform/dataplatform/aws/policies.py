"""IAM policy documents, written by hand per principal. A wildcard action cannot be written with these."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import pulumi

VERSION: Final = "2012-10-17"
# CloudTrail does not support the condition: docs.aws.amazon.com/awscloudtrail/latest/userguide/
# cloudtrail-required-policy-for-cloudwatch-logs.html. Of Glue no page says that it sends the account with a job's role;
# with a condition that Glue does not meet, no job could be created. IAM passes roles within an account only.
_SENDS_NO_SOURCE_ACCOUNT: Final = frozenset({"cloudtrail.amazonaws.com", "glue.amazonaws.com"})

Conditions = Mapping[str, Mapping[str, Any]]


def allow(
    sid: str,
    actions: Sequence[str],
    resources: Sequence[pulumi.Input[str]],
    conditions: Conditions | None = None,
) -> dict[str, Any]:
    """An Allow statement of an identity policy.

    Raises:
        ValueError: an action holds a wildcard, or no resource is named: IAM refuses the whole policy then.
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
    """An Allow statement of a resource or trust policy; trust policies name no resource.

    Raises:
        ValueError: an action holds a wildcard.
    """
    statement = _statement("Allow", sid, actions, conditions) | {"Principal": dict(principal)}
    return statement | {"Resource": list(resources)} if resources else statement


def deny_everyone(
    sid: str, actions: Sequence[str], resources: Sequence[pulumi.Input[str]], conditions: Conditions
) -> dict[str, Any]:
    """A Deny statement of a resource policy, for every principal under a condition. Denying may use a wildcard."""
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
    """A Deny statement of an identity policy, on some resources or on all but some. Denying may use a wildcard.

    Raises:
        ValueError: it names neither resources nor those it leaves out, or both.
    """
    if bool(resources) == bool(other_than):
        raise ValueError(f"statement {sid} names neither resources nor excluded resources; name one of them")
    where = {"Resource": list(resources)} if resources else {"NotResource": list(other_than)}
    statement = {"Sid": sid, "Effect": "Deny", "Action": list(actions), **where}
    return statement | {"Condition": conditions} if conditions else statement


def deny_all_but(sid: str, actions: Sequence[str]) -> dict[str, Any]:
    """A Deny statement of an identity policy: everything but these actions."""
    return {"Sid": sid, "Effect": "Deny", "NotAction": list(actions), "Resource": ["*"]}


def document(*statements: Mapping[str, Any]) -> pulumi.Output[str]:
    """The policy document of these statements, as JSON."""
    return pulumi.Output.json_dumps({"Version": VERSION, "Statement": list(statements)})


def trust_service(service: str, account_id: pulumi.Input[str], *, also_account: bool = False) -> pulumi.Output[str]:
    """Trust policy of a role that an AWS service assumes, on behalf of this account where the service sends it.

    Args:
        service: service principal, such as "glue.amazonaws.com".
        account_id: this account.
        also_account: the account's own principals may assume it too; only the local stack says so.
    """
    here: Conditions = {"StringEquals": {"aws:SourceAccount": account_id}}
    conditions = None if service in _SENDS_NO_SOURCE_ACCOUNT else here
    statements = [allow_principal("ServiceAssumes", {"Service": service}, ["sts:AssumeRole"], conditions=conditions)]
    if also_account:
        statements.append(allow_principal("LocalRunnerAssumes", {"AWS": account_root(account_id)}, ["sts:AssumeRole"]))
    return document(*statements)


def decrypt_given_parameters(region: pulumi.Input[str], account_id: pulumi.Input[str]) -> dict[str, Any]:
    """A statement to decrypt SSM parameters that a person made with the account's key aws/ssm, SSM's own choice.

    The key has no ARN before it exists, so its alias names it.
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
    """ARN that stands for every principal of an account."""
    return pulumi.Output.concat("arn:aws:iam::", account_id, ":root")


def budgets_of(account_id: pulumi.Input[str]) -> Conditions:
    """What AWS Budgets' calls carry on behalf of this account.

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
