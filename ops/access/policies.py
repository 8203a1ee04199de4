"""Reads a stack's deployed policies from AWS: those of its roles, its bucket and its key."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote

from ops.stack.target import Target

Statement = Mapping[str, Any]

PROJECT: Final = "data-platform"


@dataclass(frozen=True, slots=True)
class DeployedRole:
    """A role with all statements that apply to it."""

    name: str
    arn: str
    statements: Sequence[Statement]
    """The statements of all its policies."""
    boundary: Sequence[Statement] | None
    """The statements of its permissions boundary; None without a boundary."""


@dataclass(frozen=True, slots=True)
class DeployedPolicies:
    """The policies that decide on access to the lake."""

    account: str
    region: str
    bucket: str
    key_arn: str
    roles: Sequence[DeployedRole]
    bucket_policy: dict[str, Any]
    key_policy: dict[str, Any]


def read_policies(target: Target) -> DeployedPolicies:
    """Read the policies. The caller needs read access to IAM and to the policies of bucket and key."""
    key_arn = str(target.exports["lakeKeyArn"])
    key_policy = target.client("kms").get_key_policy(KeyId=key_arn, PolicyName="default")["Policy"]
    return DeployedPolicies(
        account=target.client("sts").get_caller_identity()["Account"],
        region=str(target.exports["region"]),
        bucket=target.bucket,
        key_arn=key_arn,
        roles=sorted(_roles(target), key=lambda role: role.name),
        bucket_policy=json.loads(target.client("s3").get_bucket_policy(Bucket=target.bucket)["Policy"]),
        key_policy=json.loads(key_policy),
    )


def _roles(target: Target) -> Iterator[DeployedRole]:
    iam = target.client("iam")
    for page in iam.get_paginator("list_roles").paginate():
        for role in page["Roles"]:
            # The program sets no physical names, so Pulumi begins each name with project and stack.
            if role["RoleName"].startswith(f"{PROJECT}-{target.stack}-"):
                yield _role(iam, role["RoleName"])


def _role(iam: Any, name: str) -> DeployedRole:  # noqa: ANN401 - a boto3 client
    role = iam.get_role(RoleName=name)["Role"]
    documents = [
        iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
        for page in iam.get_paginator("list_role_policies").paginate(RoleName=name)
        for policy in page["PolicyNames"]
    ]
    documents += [
        _managed_policy(iam, policy["PolicyArn"])
        for page in iam.get_paginator("list_attached_role_policies").paginate(RoleName=name)
        for policy in page["AttachedPolicies"]
    ]
    boundary = role.get("PermissionsBoundary")
    return DeployedRole(
        name=name,
        arn=role["Arn"],
        statements=[statement for document in documents for statement in _statements(document)],
        boundary=_statements(_managed_policy(iam, boundary["PermissionsBoundaryArn"])) if boundary else None,
    )


def _managed_policy(iam: Any, arn: str) -> Any:  # noqa: ANN401 - a boto3 client, a document
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    return iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]


def _statements(document: Any) -> list[Statement]:  # noqa: ANN401 - boto3 decodes it or not
    """Decode a policy document. IAM sends documents URL-encoded; boto3 decodes most of them."""
    decoded = json.loads(unquote(document)) if isinstance(document, str) else document
    found = decoded["Statement"]
    return [found] if isinstance(found, dict) else list(found)
