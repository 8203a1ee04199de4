"""An account, cleared of what was made here: refused while a stack is in the backend."""

from typing import Any, Final

import boto3
from botocore.exceptions import ClientError

from init.account_wide import LOGS_POLICY
from init.change import BootstrapError, Change, Changes, code_of
from init.identity import find_provider, find_role, is_own
from init.keys import descriptions, find_key
from init.names import GITHUB_ISSUER, PROJECT, STACKS, Names

KEY_DELETION_DAYS: Final = 30
"""In which a key can still be brought back."""


def changes_of_removal(session: boto3.Session, names: Names) -> Changes:
    """What is to be removed. Service-linked roles stay: others may use them.

    Raises:
        BootstrapError: a stack is in the backend.
    """
    s3: Any = session.client("s3", region_name=names.region)
    iam: Any = session.client("iam")
    kms: Any = session.client("kms", region_name=names.region)
    stacks = stacks_in(s3, names.bucket)
    if stacks:
        raise BootstrapError(
            f"{names.bucket} holds the state of {', '.join(stacks)}, which is the only record of its "
            "resources; run `pulumi destroy` and `pulumi stack rm` for each stack first"
        )
    for stack in STACKS:
        for role in (names.preview_role(stack), names.drift_role(stack), names.deploy_role(stack)):
            yield from _role(iam, names, role)
        yield from _policy(iam, names.arn_of_policy(names.boundary(stack)))
    provider = find_provider(iam, names)
    if provider is not None and is_own(provider):
        yield Change(
            f"delete the identity provider {GITHUB_ISSUER}",
            lambda: iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=names.identity_provider),
        )
    yield from _api_gateway(session, iam, names)
    for bucket in (names.bucket, names.log_bucket):
        if _exists(s3, bucket):
            yield Change(f"delete the bucket {bucket} with all versions", lambda bucket=bucket: _delete(s3, bucket))
    for alias in descriptions(names):
        key = find_key(kms, alias)
        if key is not None:
            yield Change(
                f"delete the key {alias} in {KEY_DELETION_DAYS} days",
                lambda alias=alias, key=key: _retire(kms, alias, key),
            )


def stacks_in(s3: Any, bucket: str) -> list[str]:  # noqa: ANN401 - boto3's client
    """Stacks whose state a bucket holds, as project/stack."""
    prefix = ".pulumi/stacks/"
    try:
        pages = list(s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix))
    except ClientError as error:
        if code_of(error) == "NoSuchBucket":
            return []
        raise
    keys = [entry["Key"].removeprefix(prefix) for page in pages for entry in page.get("Contents", [])]
    # Beside a stack's state lies a copy of the last one, which a removed stack leaves behind.
    return sorted(
        {key.removesuffix(".gz").removesuffix(".json") for key in keys if key.endswith((".json", ".json.gz"))}
    )


def _role(iam: Any, names: Names, role: str) -> Changes:  # noqa: ANN401 - boto3's client
    found = find_role(iam, role)
    if found is None or not is_own(found):
        return
    attached = [each["PolicyArn"] for each in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]]
    yield Change(f"delete the role {role}", lambda: _delete_role(iam, role, attached))
    for arn in attached:
        if arn.startswith(names.arn_of_policy(PROJECT)):
            yield from _policy(iam, arn)


def _delete_role(iam: Any, role: str, attached: list[str]) -> None:  # noqa: ANN401 - boto3's client
    for arn in attached:
        iam.detach_role_policy(RoleName=role, PolicyArn=arn)
    iam.delete_role(RoleName=role)


def _policy(iam: Any, arn: str) -> Changes:  # noqa: ANN401 - boto3's client
    try:
        versions = iam.list_policy_versions(PolicyArn=arn)["Versions"]
    except ClientError as error:
        if code_of(error) == "NoSuchEntity":
            return
        raise

    def delete() -> None:
        for version in versions:
            if not version["IsDefaultVersion"]:
                iam.delete_policy_version(PolicyArn=arn, VersionId=version["VersionId"])
        iam.delete_policy(PolicyArn=arn)

    yield Change(f"delete the policy {arn.rpartition('/')[2]}", delete)


def _api_gateway(session: boto3.Session, iam: Any, names: Names) -> Changes:  # noqa: ANN401 - boto3's client
    role = names.api_gateway_role
    found = find_role(iam, role)
    if found is None or not is_own(found):
        return
    gateway: Any = session.client("apigateway", region_name=names.region)
    if gateway.get_account().get("cloudwatchRoleArn") == names.arn_of_role(role):
        setting = {"op": "replace", "path": "/cloudwatchRoleArn", "value": ""}
        yield Change(
            f"stop API Gateway from writing logs in {names.region}",
            lambda: gateway.update_account(patchOperations=[setting]),
        )
    yield Change(f"delete the role {role}", lambda: _delete_role(iam, role, [LOGS_POLICY]))


def _exists(s3: Any, bucket: str) -> bool:  # noqa: ANN401 - boto3's client
    try:
        s3.head_bucket(Bucket=bucket)
    except ClientError as error:
        if code_of(error) in {"404", "NoSuchBucket"}:
            return False
        raise
    return True


def _delete(s3: Any, bucket: str) -> None:  # noqa: ANN401 - boto3's client
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        versions = [
            {"Key": each["Key"], "VersionId": each["VersionId"]}
            for each in (*page.get("Versions", []), *page.get("DeleteMarkers", []))
        ]
        if versions:
            failed = s3.delete_objects(Bucket=bucket, Delete={"Objects": versions, "Quiet": True}).get("Errors")
            if failed:
                raise BootstrapError(f"{failed[0]['Key']} in {bucket} cannot be deleted: {failed[0]['Message']}")
    s3.delete_bucket(Bucket=bucket)


def _retire(kms: Any, alias: str, key: str) -> None:  # noqa: ANN401 - boto3's client
    kms.delete_alias(AliasName=alias)
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=KEY_DELETION_DAYS)
