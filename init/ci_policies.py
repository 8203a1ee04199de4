"""What CI's roles may do, who may assume them, and what bounds every role that they make."""

from collections.abc import Callable, Sequence
from typing import Final

from init.documents import Document, Statement, allow, allow_principal, deny_other_stacks, document
from init.grants import Grant, grants
from init.names import GITHUB_AUDIENCE, GITHUB_ISSUER, PROJECT, Names

DEV: Final = "dev"
PREVIEW_SESSION_SECONDS: Final = 3600
DEPLOY_SESSION_SECONDS: Final = 7200
"""A deployment may wait 45 minutes for Lambda's interfaces, and needs credentials to unlock the state at the end."""


def trust(names: Names, subjects: list[str]) -> Document:
    """Trust of a role that workflows of the repository assume, in these circumstances alone."""
    return document(
        allow_principal(
            "WorkflowsOfTheRepository",
            {"Federated": names.identity_provider},
            ["sts:AssumeRoleWithWebIdentity"],
            conditions={
                "StringEquals": {
                    f"{GITHUB_ISSUER}:aud": GITHUB_AUDIENCE,
                    f"{GITHUB_ISSUER}:sub": [f"repo:{names.repository}:{subject}" for subject in subjects],
                }
            },
        )
    )


def preview_subjects(stack: str) -> list[str]:
    """When a preview may run: in the environment, which for prod a person approves."""
    return [f"environment:{stack}-preview"]


def drift_subjects() -> list[str]:
    """When a stack may be compared with the account: from main, whose code was reviewed."""
    return ["ref:refs/heads/main"]


def deploy_subjects(stack: str) -> list[str]:
    """When a deployment may run: dev's from the branch dev, prod's once a person approved."""
    return ["ref:refs/heads/dev" if stack == DEV else f"environment:{stack}"]


def preview_policies(names: Names, stack: str, state_key: str, secrets_key: str) -> dict[str, Document]:
    """What a preview reads: the stack's state and secrets, and what stands of the stack. It changes nothing.

    One document for each policy: IAM takes 6,144 characters of each.
    """
    return _reading(names, stack, state_key, secrets_key, lambda grant: grant.reads)


def drift_policies(names: Names, stack: str, state_key: str, secrets_key: str) -> dict[str, Document]:
    """What a comparison with the account reads: what a preview reads, and the secrets that the program made."""
    return _reading(names, stack, state_key, secrets_key, lambda grant: [*grant.reads, *grant.secrets])


def deploy_policies(names: Names, stack: str, state_key: str, secrets_key: str) -> dict[str, Document]:
    """What a deployment may do: what a comparison may, and to change it."""
    writes = allow(
        "StateIsWritten",
        ["s3:DeleteObject", "s3:PutObject"],
        [f"arn:aws:s3:::{names.bucket}/{key}" for key in _keys(stack)],
    )
    encrypts = allow("StateIsEncrypted", ["kms:GenerateDataKey"], [state_key], _only_objects(names, _keys(stack)))
    policies = {"state": document(*_state(names, stack, state_key, secrets_key), writes, encrypts)}
    for part, of_part in grants(names, stack).items():
        statements = [
            allow(each.sid, [*each.reads, *each.secrets, *each.changes], each.resources, each.condition)
            for each in of_part
        ]
        policies[part] = document(*statements)
    return policies


def _reading(
    names: Names, stack: str, state_key: str, secrets_key: str, actions_of: Callable[[Grant], Sequence[str]]
) -> dict[str, Document]:
    policies = {"state": document(*_state(names, stack, state_key, secrets_key))}
    for part, of_part in grants(names, stack).items():
        reads = [
            allow(each.sid, actions, each.resources, each.condition)
            for each in of_part
            if (actions := actions_of(each))
        ]
        policies[part] = document(*reads)
    return policies


def _keys(stack: str) -> list[str]:
    """Where Pulumi's self-managed backend keeps what is a stack's."""
    return [
        f".pulumi/stacks/{PROJECT}/{stack}.*",
        *(f".pulumi/{kind}/{PROJECT}/{stack}/*" for kind in ("backups", "history", "locks/organization")),
    ]


def _state(names: Names, stack: str, state_key: str, secrets_key: str) -> list[Statement]:
    read = [*_keys(stack), ".pulumi/meta.yaml", ".pulumi/Pulumi.yaml"]
    return [
        deny_other_stacks(stack),
        allow("StateIsListed", ["s3:ListBucket"], [f"arn:aws:s3:::{names.bucket}"]),
        allow("StateIsRead", ["s3:GetObject"], [f"arn:aws:s3:::{names.bucket}/{key}" for key in read]),
        allow("StateIsDecrypted", ["kms:Decrypt"], [state_key], _only_objects(names, read)),
        allow("SecretsAreDecrypted", ["kms:Decrypt"], [secrets_key]),
    ]


def _only_objects(names: Names, keys: list[str]) -> dict[str, dict[str, list[str]]]:
    """Without a bucket key the context of S3's encryption is the object's ARN."""
    return {"StringLike": {"kms:EncryptionContext:aws:s3:arn": [f"arn:aws:s3:::{names.bucket}/{key}" for key in keys]}}
