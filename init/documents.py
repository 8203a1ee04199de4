"""Policy documents, as IAM has them: a statement, a document, and whether two say the same."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

VERSION: Final = "2012-10-17"

Statement = dict[str, Any]
Document = dict[str, Any]


def allow(
    sid: str, actions: Sequence[str], resources: Sequence[str], conditions: Mapping[str, Any] | None = None
) -> Statement:
    """An Allow statement of an identity policy.

    Raises:
        ValueError: an action holds a wildcard.
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
    """An Allow statement of a resource or trust policy; trust policies name no resource."""
    statement = allow(sid, actions, resources, conditions) | {"Principal": dict(principal)}
    return statement if resources else {key: value for key, value in statement.items() if key != "Resource"}


def deny(
    sid: str, actions: Sequence[str], resources: Sequence[str], conditions: Mapping[str, Any] | None = None
) -> Statement:
    """A Deny statement of an identity policy. Denying may use a wildcard."""
    statement = {"Sid": sid, "Effect": "Deny", "Action": list(actions), "Resource": list(resources)}
    return statement | {"Condition": dict(conditions)} if conditions else statement


def deny_other_stacks(stack: str) -> Statement:
    """Whatever is granted: nothing that carries another stack's tag.

    It holds wherever a service knows the tags of its resources, API Gateway with all that belongs to an API:
    docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-tagging-supported-resources.html.
    """
    is_anothers = {
        "StringNotEquals": {"aws:ResourceTag/stack": stack},
        "Null": {"aws:ResourceTag/stack": "false"},
    }
    return deny("OtherStacksAreLeftAlone", ["*"], ["*"], is_anothers)


def document(*statements: Statement) -> Document:
    """The document of these statements."""
    return {"Version": VERSION, "Statement": list(statements)}


def same(one: Document | str, other: Document | str) -> bool:
    """Whether two documents say the same: AWS may reorder lists and write a single item for a list of one."""
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
