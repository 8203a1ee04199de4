"""The state bucket and the log bucket: versioned, encrypted, private, by TLS only."""

import json
from collections.abc import Callable
from typing import Any, Final

from botocore.exceptions import ClientError

from init.change import BootstrapError, Change, Changes, code_of
from init.documents import Document, allow_principal, document, same
from init.names import OWN_TAGS, Names

LOG_DAYS: Final = 365
NONCURRENT_DAYS: Final = 365
NONCURRENT_KEPT: Final = 30
"""Newest older versions of each state file that stay whatever their age."""

_FIRST_REGION: Final = "us-east-1"
_PRIVATE: Final = {
    "BlockPublicAcls": True,
    "IgnorePublicAcls": True,
    "BlockPublicPolicy": True,
    "RestrictPublicBuckets": True,
}


def changes_of_buckets(s3: Any, names: Names, state_key: Callable[[], str | None]) -> Changes:  # noqa: ANN401 - boto3's client
    """What the two buckets lack.

    Args:
        s3: client of the account.
        names: what they are called.
        state_key: tells the ARN of the key of the state bucket, once there is one.

    Raises:
        BootstrapError: a bucket is somebody else's, in another region, or holds other things.
    """
    # S3's log delivery writes to no bucket that is encrypted with a key of ours.
    logs_encryption = {"SSEAlgorithm": "AES256"}
    yield from _changes_of_bucket(s3, names.log_bucket, names, lambda: logs_encryption, _log_policy(names))
    yield from _expiry(
        s3, names.log_bucket, {"Expiration": {"Days": LOG_DAYS}, "NoncurrentVersionExpiration": {"NoncurrentDays": 30}}
    )

    def state_encryption() -> dict[str, str]:
        return {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": state_key() or "the key that will be created"}

    yield from _changes_of_bucket(s3, names.bucket, names, state_encryption, _tls_only(names.bucket))
    kept = {
        "NoncurrentVersionExpiration": {"NoncurrentDays": NONCURRENT_DAYS, "NewerNoncurrentVersions": NONCURRENT_KEPT}
    }
    yield from _expiry(s3, names.bucket, kept)
    logging = {"TargetBucket": names.log_bucket, "TargetPrefix": f"{names.bucket}/"}
    if _read(s3.get_bucket_logging, "LoggingEnabled", names.bucket) != logging:
        yield Change(
            f"log access to {names.bucket} in {names.log_bucket}",
            lambda: s3.put_bucket_logging(Bucket=names.bucket, BucketLoggingStatus={"LoggingEnabled": logging}),
        )


def _changes_of_bucket(
    s3: Any,  # noqa: ANN401 - boto3's client
    bucket: str,
    names: Names,
    encryption: Callable[[], dict[str, str]],
    policy: Document,
) -> Changes:
    if _is_missing(s3, bucket, names.region):
        location = {} if names.region == _FIRST_REGION else {"LocationConstraint": names.region}
        where = {"CreateBucketConfiguration": location} if location else {}
        yield Change(f"create the bucket {bucket}", lambda: _create(s3, bucket, where))
    tags = _read(s3.get_bucket_tagging, "TagSet", bucket) or []
    if not OWN_TAGS.items() <= {tag["Key"]: tag["Value"] for tag in tags}.items():
        _check_that_it_is_empty(s3, bucket)
        own = [{"Key": key, "Value": value} for key, value in OWN_TAGS.items()]
        yield Change(f"tag {bucket}", lambda: s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": tags + own}))
    if _read(s3.get_public_access_block, "PublicAccessBlockConfiguration", bucket) != _PRIVATE:
        yield Change(
            f"block public access to {bucket}",
            lambda: s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=_PRIVATE),
        )
    owners = {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    if _read(s3.get_bucket_ownership_controls, "OwnershipControls", bucket) != owners:
        yield Change(
            f"make this account the owner of every object in {bucket}",
            lambda: s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls=owners),
        )
    if _read(s3.get_bucket_versioning, "Status", bucket) != "Enabled":
        yield Change(
            f"keep versions in {bucket}",
            lambda: s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"}),
        )
    rules = (_read(s3.get_bucket_encryption, "ServerSideEncryptionConfiguration", bucket) or {}).get("Rules", [])
    # No bucket key: the context of each decryption is then the object, by which a role's right is limited.
    wanted = {"ApplyServerSideEncryptionByDefault": encryption(), "BucketKeyEnabled": False}
    if [{"BucketKeyEnabled": False} | {key: rule[key] for key in wanted if key in rule} for rule in rules] != [wanted]:
        yield Change(
            f"encrypt {bucket} by default",
            lambda: s3.put_bucket_encryption(
                Bucket=bucket,
                ServerSideEncryptionConfiguration={
                    "Rules": [{"ApplyServerSideEncryptionByDefault": encryption(), "BucketKeyEnabled": False}]
                },
            ),
        )
    if not same(_read(s3.get_bucket_policy, "Policy", bucket) or {}, policy):
        yield Change(
            f"deny requests to {bucket} without TLS",
            lambda: s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy)),
        )


def _expiry(s3: Any, bucket: str, expiry: dict[str, Any]) -> Changes:  # noqa: ANN401 - boto3's client
    rule = {"ID": "keep", "Status": "Enabled", "Filter": {"Prefix": ""}, **expiry}
    if _read(s3.get_bucket_lifecycle_configuration, "Rules", bucket) != [rule]:
        yield Change(
            f"expire old versions in {bucket}",
            lambda: s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": [rule]}),
        )


def _is_missing(s3: Any, bucket: str, region: str) -> bool:  # noqa: ANN401 - boto3's client
    try:
        found = s3.get_bucket_location(Bucket=bucket)["LocationConstraint"] or _FIRST_REGION
    except ClientError as error:
        if code_of(error) == "NoSuchBucket":
            return True
        if code_of(error) in {"AccessDenied", "403"}:
            raise BootstrapError(_taken(bucket)) from error
        raise
    if found != region:
        raise BootstrapError(
            f"the bucket {bucket} exists in {found}, not in {region}; give --region {found}, or choose another name"
        )
    return False


def _create(s3: Any, bucket: str, where: dict[str, Any]) -> None:  # noqa: ANN401 - boto3's client
    try:
        s3.create_bucket(Bucket=bucket, **where)
    except ClientError as error:
        if code_of(error) == "BucketAlreadyExists":
            raise BootstrapError(_taken(bucket)) from error
        raise


def _taken(bucket: str) -> str:
    return (
        f"the bucket {bucket} belongs to another account, or your credentials may not read it; bucket "
        "names are global, so choose one with your organisation's name in it"
    )


def _check_that_it_is_empty(s3: Any, bucket: str) -> None:  # noqa: ANN401 - boto3's client
    try:
        found = s3.list_object_versions(Bucket=bucket, MaxKeys=1)
    except ClientError as error:
        if code_of(error) == "NoSuchBucket":
            return
        raise
    if found.get("Versions"):
        raise BootstrapError(
            f"the bucket {bucket} holds objects, such as {found['Versions'][0]['Key']}, and was not created by "
            "this command; choose another name"
        )


def _read(operation: Callable[..., dict[str, Any]], name: str, bucket: str) -> Any:  # noqa: ANN401 - S3's answer
    """A part of a bucket's configuration; None if it has none, or if there is no bucket yet, as in a dry run."""
    try:
        return operation(Bucket=bucket).get(name)
    except ClientError as error:
        if code_of(error).startswith("NoSuch") or code_of(error).endswith("NotFoundError"):
            return None
        raise


def _tls_only(bucket: str, *also: dict[str, Any]) -> Document:
    return document(
        {
            "Sid": "TlsOnly",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        },
        *also,
    )


def _log_policy(names: Names) -> Document:
    delivery = allow_principal(
        "S3Logs",
        {"Service": "logging.s3.amazonaws.com"},
        ["s3:PutObject"],
        [f"arn:aws:s3:::{names.log_bucket}/{names.bucket}/*"],
        {
            "StringEquals": {"aws:SourceAccount": names.account},
            "ArnEquals": {"aws:SourceArn": f"arn:aws:s3:::{names.bucket}"},
        },
    )
    return _tls_only(names.log_bucket, delivery)
