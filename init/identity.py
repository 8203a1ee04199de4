"""GitHub's identity provider, the roles that its workflows assume, and the boundaries of what those roles make."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import ClientError

from init.boundary import boundary_document
from init.change import BootstrapError, Change, Changes, code_of
from init.ci_policies import (
    DEPLOY_SESSION_SECONDS,
    PREVIEW_SESSION_SECONDS,
    deploy_policies,
    deploy_subjects,
    drift_policies,
    drift_subjects,
    preview_policies,
    preview_subjects,
    trust,
)
from init.documents import Document, same
from init.names import GITHUB_AUDIENCE, GITHUB_ISSUER, OWN_TAGS, STACKS, Names

_MOST_VERSIONS: Final = 5
"""Of a policy, that IAM keeps."""


@dataclass(frozen=True, slots=True)
class _Role:
    """A role as it should be."""

    name: str
    trusted: Document
    session_seconds: int
    policies: Mapping[str, Document]
    """By what they are about."""


def tags() -> list[dict[str, str]]:
    """The tags of what is made here, as IAM takes them."""
    return [{"Key": key, "Value": value} for key, value in OWN_TAGS.items()]


def changes_of_identity(iam: Any, names: Names, key_of: Callable[[str], str | None]) -> Changes:  # noqa: ANN401 - boto3's client
    """What provider, roles and policies lack.

    Args:
        iam: client of the account.
        names: what they are called.
        key_of: tells the ARN of the key of an alias, once there is one.

    Raises:
        BootstrapError: a role of that name is somebody else's.
    """
    yield from _changes_of_provider(iam, names)
    for stack in STACKS:
        yield from _changes_of_policy(iam, names, names.boundary(stack), boundary_document(names, stack))
        keys = [
            key_of(alias) or f"arn:aws:kms:{names.region}:{names.account}:key/to-be-made"
            for alias in (names.state_alias, names.secrets_alias(stack))
        ]
        preview = _Role(
            names.preview_role(stack),
            trust(names, preview_subjects(stack)),
            PREVIEW_SESSION_SECONDS,
            preview_policies(names, stack, *keys),
        )
        drift = _Role(
            names.drift_role(stack),
            trust(names, drift_subjects()),
            PREVIEW_SESSION_SECONDS,
            drift_policies(names, stack, *keys),
        )
        deploy = _Role(
            names.deploy_role(stack),
            trust(names, deploy_subjects(stack)),
            DEPLOY_SESSION_SECONDS,
            deploy_policies(names, stack, *keys),
        )
        for role in (preview, drift, deploy):
            yield from _changes_of_role(iam, names, role)


def find_role(iam: Any, name: str) -> dict[str, Any] | None:  # noqa: ANN401 - boto3's client
    """A role, if the account has it."""
    try:
        return iam.get_role(RoleName=name)["Role"]
    except ClientError as error:
        if _is_missing(error):
            return None
        raise


def find_provider(iam: Any, names: Names) -> dict[str, Any] | None:  # noqa: ANN401 - boto3's client
    """GitHub's identity provider, if the account has it."""
    try:
        return iam.get_open_id_connect_provider(OpenIDConnectProviderArn=names.identity_provider)
    except ClientError as error:
        if _is_missing(error):
            return None
        raise


def is_own(found: Mapping[str, Any]) -> bool:
    """Whether what IAM answers was made here."""
    return OWN_TAGS.items() <= {tag["Key"]: tag["Value"] for tag in found.get("Tags", [])}.items()


def _changes_of_provider(iam: Any, names: Names) -> Changes:  # noqa: ANN401 - boto3's client
    provider = find_provider(iam, names)
    if provider is None:
        yield Change(
            f"create the identity provider {GITHUB_ISSUER}",
            lambda: iam.create_open_id_connect_provider(
                Url=f"https://{GITHUB_ISSUER}", ClientIDList=[GITHUB_AUDIENCE], Tags=tags()
            ),
        )
    elif GITHUB_AUDIENCE not in provider["ClientIDList"]:
        yield Change(
            f"add the audience {GITHUB_AUDIENCE} to the account's identity provider {GITHUB_ISSUER}",
            lambda: iam.add_client_id_to_open_id_connect_provider(
                OpenIDConnectProviderArn=names.identity_provider, ClientID=GITHUB_AUDIENCE
            ),
        )


def _changes_of_role(iam: Any, names: Names, role: _Role) -> Changes:  # noqa: ANN401 - boto3's client
    found = find_role(iam, role.name)
    if found is None:
        yield Change(f"create the role {role.name}", lambda: _create_role(iam, role))
    elif not is_own(found):
        raise BootstrapError(
            f"the account has a role {role.name} that this command did not create; rename or delete it first"
        )
    else:
        if not same(found["AssumeRolePolicyDocument"], role.trusted):
            yield Change(
                f"correct who may assume {role.name}",
                lambda: iam.update_assume_role_policy(RoleName=role.name, PolicyDocument=json.dumps(role.trusted)),
            )
        if found["MaxSessionDuration"] != role.session_seconds:
            yield Change(
                f"let sessions of {role.name} last {role.session_seconds} s",
                lambda: iam.update_role(RoleName=role.name, MaxSessionDuration=role.session_seconds),
            )
    for part, wanted in role.policies.items():
        name = f"{role.name}-{part}"
        yield from _changes_of_policy(iam, names, name, wanted)
        arn = names.arn_of_policy(name)
        if arn not in _attached(iam, role.name):
            yield Change(f"attach {name}", lambda arn=arn: iam.attach_role_policy(RoleName=role.name, PolicyArn=arn))


def _create_role(iam: Any, role: _Role) -> None:  # noqa: ANN401 - boto3's client
    iam.create_role(
        RoleName=role.name,
        AssumeRolePolicyDocument=json.dumps(role.trusted),
        MaxSessionDuration=role.session_seconds,
        Tags=tags(),
    )


def _changes_of_policy(iam: Any, names: Names, name: str, wanted: Document) -> Changes:  # noqa: ANN401 - boto3's client
    arn = names.arn_of_policy(name)
    text = json.dumps(wanted, separators=(",", ":"))
    try:
        policy = iam.get_policy(PolicyArn=arn)["Policy"]
    except ClientError as error:
        if not _is_missing(error):
            raise
        yield Change(
            f"create the policy {name}", lambda: iam.create_policy(PolicyName=name, PolicyDocument=text, Tags=tags())
        )
        return
    current = iam.get_policy_version(PolicyArn=arn, VersionId=policy["DefaultVersionId"])["PolicyVersion"]
    if not same(current["Document"], wanted):
        yield Change(f"correct the policy {name}", lambda: _new_version(iam, arn, text))


def _new_version(iam: Any, arn: str, text: str) -> None:  # noqa: ANN401 - boto3's client
    versions = iam.list_policy_versions(PolicyArn=arn)["Versions"]
    if len(versions) == _MOST_VERSIONS:
        oldest = min((each for each in versions if not each["IsDefaultVersion"]), key=lambda each: each["CreateDate"])
        iam.delete_policy_version(PolicyArn=arn, VersionId=oldest["VersionId"])
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=text, SetAsDefault=True)


def _attached(iam: Any, role: str) -> set[str]:  # noqa: ANN401 - boto3's client
    try:
        return {each["PolicyArn"] for each in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]}
    except ClientError as error:
        if _is_missing(error):
            return set()
        raise


def _is_missing(error: ClientError) -> bool:
    return code_of(error) == "NoSuchEntity"
