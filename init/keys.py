"""KMS keys: one for the state bucket, and one for the secrets of each stack."""

import json
from typing import Any, Final

from botocore.exceptions import ClientError

from init.change import BootstrapError, Change, Changes, code_of
from init.documents import Document, allow_principal, document
from init.names import OWN_TAGS, STACKS, Names

_ADMINISTRATION: Final = [
    "kms:CancelKeyDeletion", "kms:CreateAlias", "kms:Decrypt", "kms:DeleteAlias", "kms:DescribeKey", "kms:DisableKey",
    "kms:DisableKeyRotation", "kms:EnableKey", "kms:EnableKeyRotation", "kms:Encrypt", "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:ListAliases",
    "kms:ListGrants", "kms:ListKeyPolicies", "kms:ListResourceTags", "kms:PutKeyPolicy", "kms:ReEncryptFrom",
    "kms:ReEncryptTo", "kms:ScheduleKeyDeletion", "kms:TagResource", "kms:UntagResource", "kms:UpdateAlias",
    "kms:UpdateKeyDescription",
]  # fmt: skip


def descriptions(names: Names) -> dict[str, str]:
    """Every key's alias and what it is for."""
    secrets = {names.secrets_alias(stack): f"Pulumi's secrets of the stack {stack}" for stack in STACKS}
    return {names.state_alias: f"Pulumi's state in {names.bucket}", **secrets}


def changes_of_keys(kms: Any, names: Names) -> Changes:  # noqa: ANN401 - boto3's client
    """What the keys lack.

    Raises:
        BootstrapError: a key is disabled or about to be deleted.
    """
    for alias, description in descriptions(names).items():
        key = find_key(kms, alias)
        if key is None:
            yield Change(
                f"create the key {alias}: {description}",
                lambda alias=alias, description=description: _create(kms, alias, description, names),
            )
            continue
        state = kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"]
        if state != "Enabled":
            raise BootstrapError(
                f"the key {alias} ({key}) is {state}, and no state can be read without it; enable it, or cancel "
                f"its deletion with `aws kms cancel-key-deletion --key-id {key}`"
            )
        if not kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"]:
            yield Change(f"rotate the key {alias} every year", lambda key=key: kms.enable_key_rotation(KeyId=key))


def find_key(kms: Any, alias: str) -> str | None:  # noqa: ANN401 - boto3's client
    """ARN of the key that an alias points to, if there is one."""
    try:
        return str(kms.describe_key(KeyId=alias)["KeyMetadata"]["Arn"])
    except ClientError as error:
        if code_of(error) == "NotFoundException":
            return None
        raise


def _create(kms: Any, alias: str, description: str, names: Names) -> None:  # noqa: ANN401 - boto3's client
    key = (
        _orphan(kms, description)
        or kms.create_key(
            Description=description,
            Policy=json.dumps(_policy(names)),
            Tags=[{"TagKey": key, "TagValue": value} for key, value in OWN_TAGS.items()],
        )["KeyMetadata"]["Arn"]
    )
    kms.create_alias(AliasName=alias, TargetKeyId=key)
    kms.enable_key_rotation(KeyId=key)


def _orphan(kms: Any, description: str) -> str | None:  # noqa: ANN401 - boto3's client
    """A key that an earlier run made and could not name any more."""
    for page in kms.get_paginator("list_keys").paginate():
        for entry in page["Keys"]:
            key = kms.describe_key(KeyId=entry["KeyId"])["KeyMetadata"]
            is_ours = key["Description"] == description and key["KeyState"] == "Enabled"
            if is_ours and not kms.list_aliases(KeyId=key["KeyId"])["Aliases"]:
                return str(key["Arn"])
    return None


def _policy(names: Names) -> Document:
    """The account administers the key, and its identity policies say who uses it."""
    account = {"AWS": f"arn:aws:iam::{names.account}:root"}
    return document(allow_principal("AccountAdministers", account, _ADMINISTRATION, ["*"]))
