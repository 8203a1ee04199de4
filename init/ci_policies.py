"""Policies of CI's roles: what they may do, and who may assume them."""

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
    """Return the trust policy of a role that only the repository's workflows with these subjects may assume."""
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
    """Return the subjects of a preview: the stack's environment, which a person must approve for prod."""
    return [f"environment:{stack}-preview"]


def drift_subjects() -> list[str]:
    """Return the subjects of a drift check: main, whose code was reviewed."""
    return ["ref:refs/heads/main"]


def deploy_subjects(stack: str) -> list[str]:
    """Return the subjects of a deployment: the branch dev for dev, and for prod an environment that needs approval."""
    return ["ref:refs/heads/dev" if stack == DEV else f"environment:{stack}"]


def preview_policies(names: Names, stack: str, state_key: str, secrets_key: str) -> dict[str, Document]:
    """Return the policies of a preview, which reads the stack's state, secrets and resources, and changes nothing.

    One document for each policy, because IAM limits each to 6,144 characters.
    """
    return _reading(names, stack, state_key, secrets_key, lambda grant: grant.reads)


def drift_policies(names: Names, stack: str, state_key: str, secrets_key: str) -> dict[str, Document]:
    """Return the policies of a drift check: those of a preview, and reading the secrets that the program generated."""
    return _reading(names, stack, state_key, secrets_key, lambda grant: [*grant.reads, *grant.secrets])


def deploy_policies(names: Names, stack: str, state_key: str, secrets_key: str) -> dict[str, Document]:
    """Return the policies of a deployment: those of a drift check, and changing the resources."""
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
    """Return the key patterns under which Pulumi's self-managed backend stores a stack."""
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
    """Return the condition on the encryption context, which without a bucket key is the object's ARN."""
    return {"StringLike": {"kms:EncryptionContext:aws:s3:arn": [f"arn:aws:s3:::{names.bucket}/{key}" for key in keys]}}
