"""Decides whether each action of the deployed policies is needed: recorded calls, evaluated with and without it."""

import dataclasses
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ops.access.matrix import Decision, decide
from ops.access.policies import DeployedPolicies, DeployedRole


@dataclass(frozen=True)
class Call:
    """A role's request to AWS, or a request that AWS makes in its name."""

    role: str
    action: str
    resource: str
    keys: Mapping[str, Any]
    allowed: bool


def read_calls(file: Path) -> list[Call]:
    """Read the decisions that the recorded emulator wrote."""
    return [Call(**json.loads(line)) for line in file.read_text().splitlines()]


def implied_calls(calls: Sequence[Call], policies: DeployedPolicies, secrets: Sequence[str]) -> Iterator[Call]:
    """Return the key requests that only AWS makes in the caller's name: for the lake, tables, queues and secrets."""
    bucket = f"arn:aws:s3:::{policies.bucket}"
    encrypt, decrypt = ("kms:GenerateDataKey",), ("kms:Decrypt",)
    for call in calls:
        service, _, operation = call.action.partition(":")
        match service, operation:
            case "s3", "GetObject" | "PutObject" if call.resource.startswith(f"{bucket}/"):
                needed = decrypt if operation == "GetObject" else encrypt
                keys = {"kms:EncryptionContext:aws:s3:arn": bucket}
            case "dynamodb", _:
                needed, keys = decrypt, {}
            case "sqs", "SendMessage" | "SendMessageBatch":
                needed, keys = encrypt + decrypt, {}
            case "ssm", "GetParameter" if call.resource.partition(":parameter")[2] in secrets:
                needed, keys = decrypt, {"kms:EncryptionContext:PARAMETER_ARN": call.resource}
            case _:
                continue
        via = {"kms:ViaService": f"{service}.{policies.region}.amazonaws.com"}
        for action in needed:
            yield Call(call.role, action, policies.key_arn, {**keys, **via}, call.allowed)


def judge(policies: DeployedPolicies, call: Call) -> Decision:
    """Return the deployed policies' decision on a call."""
    [role] = [each for each in policies.roles if each.name == call.role]
    return decide(policies, role, call.action, call.resource, call.keys)


def needless_actions(policies: DeployedPolicies, calls: Sequence[Call]) -> set[tuple[str, str, str]]:
    """Return role, statement and action of each permission without which every allowed call would still be allowed."""
    return {
        (plain_name(role.name), statement["Sid"], action)
        for role in policies.roles
        for index, statement in enumerate(role.statements)
        if statement["Effect"] == "Allow"
        for action in statement["Action"]
        if not _is_needed(policies, _without(role, index, action), calls, action)
    }


def _is_needed(policies: DeployedPolicies, role: DeployedRole, calls: Sequence[Call], action: str) -> bool:
    return any(
        call.allowed
        and call.role == role.name
        and call.action == action
        and not decide(policies, role, call.action, call.resource, call.keys).allowed
        for call in calls
    )


def _without(role: DeployedRole, index: int, action: str) -> DeployedRole:
    left = [each for each in role.statements[index]["Action"] if each != action]
    # A statement without actions would apply to all of them.
    changed = [{**role.statements[index], "Action": left}] if left else []
    return dataclasses.replace(role, statements=[*role.statements[:index], *changed, *role.statements[index + 1 :]])


def plain_name(role: str) -> str:
    """Return a role's name without project, stack and Pulumi's suffix."""
    return re.sub(r"^data-platform-[a-z]+-|-role(-[0-9a-f]+)?$", "", role)
