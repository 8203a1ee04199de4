"""Builds IAM policy documents, and compares two of them."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

VERSION: Final = "2012-10-17"

Statement = dict[str, Any]
Document = dict[str, Any]


def allow(
    sid: str, actions: Sequence[str], resources: Sequence[str], conditions: Mapping[str, Any] | None = None
) -> Statement:
    """Return an Allow statement for an identity policy.

    Raises:
        ValueError: An action contains a wildcard.
    """
    wild = [action for action in actions if "*" in action]
    if wild:
        raise ValueError(f"statement {sid}: {', '.join(wild)} stands for many actions; name each action")
    statement = {"Sid": sid, "Effect": "Allow", "Action": sorted(actions), "Resource": list(resources)}
    return statement | {"Condition": dict(conditions)} if conditions else statement


def allow_principal(
    sid: str,
    principal: Mapping[str, Any],
    actions: Sequence[str],
    resources: Sequence[str] = (),
    conditions: Mapping[str, Any] | None = None,
) -> Statement:
    """Return an Allow statement for a resource or trust policy; trust policies name no resource."""
    statement = allow(sid, actions, resources, conditions) | {"Principal": dict(principal)}
    return statement if resources else {key: value for key, value in statement.items() if key != "Resource"}


def deny(
    sid: str, actions: Sequence[str], resources: Sequence[str], conditions: Mapping[str, Any] | None = None
) -> Statement:
    """Return a Deny statement for an identity policy. Wildcards are allowed."""
    statement = {"Sid": sid, "Effect": "Deny", "Action": list(actions), "Resource": list(resources)}
    return statement | {"Condition": dict(conditions)} if conditions else statement


def deny_other_stacks(stack: str) -> Statement:
    """Return a statement that denies everything on resources with another stack's tag, whatever else is granted.

    It works if a service supports tags on its resources. API Gateway does, for all parts of an API:
    docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-tagging-supported-resources.html.
    """
    is_anothers = {
        "StringNotEquals": {"aws:ResourceTag/stack": stack},
        "Null": {"aws:ResourceTag/stack": "false"},
    }
    return deny("OtherStacksAreLeftAlone", ["*"], ["*"], is_anothers)


def document(*statements: Statement) -> Document:
    """Return the policy document of these statements."""
    return {"Version": VERSION, "Statement": list(statements)}


def same(one: Document | str, other: Document | str) -> bool:
    """Return True if two documents are equivalent. AWS may reorder lists, and write a list of one as a single item."""
    return _normal(one) == _normal(other)


def _normal(value: object) -> object:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return value
    if isinstance(value, dict):
        return {key: _normal(each) for key, each in value.items()}
    if isinstance(value, list):
        items = sorted((_normal(each) for each in value), key=repr)
        return items[0] if len(items) == 1 else items
    return value
