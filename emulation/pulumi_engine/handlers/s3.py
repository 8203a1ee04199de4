"""S3 buckets, their configuration, and the objects that the program uploads."""

import base64
from typing import Any, Final

from emulation.pulumi_engine.casing import pascal_keys
from emulation.pulumi_engine.content import Content
from emulation.pulumi_engine.handler import Create, Created, Delete, Handler, Request, Standing, recreates, removes

_US_EAST_1: Final = "us-east-1"  # the only region that S3 refuses as an explicit location
_ENCRYPTION_NAMES: Final = {"sseAlgorithm": "SSEAlgorithm", "kmsMasterKeyId": "KMSMasterKeyID"}
_PUBLIC_ACCESS: Final = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
_OBJECT_HEADERS: Final = (
    "cacheControl",
    "contentDisposition",
    "contentEncoding",
    "contentLanguage",
    "contentType",
    "metadata",
)
_OBJECT_CONTENT: Final = ("source", "content", "contentBase64", "sourceHash")


def _create_bucket(request: Request) -> Created:
    bucket = request.inputs["bucket"]
    constraint = None if request.region == _US_EAST_1 else {"LocationConstraint": request.region}
    request.call("s3", "create_bucket", Bucket=bucket, CreateBucketConfiguration=constraint)
    if request.tags:
        request.call("s3", "put_bucket_tagging", Bucket=bucket, Tagging={"TagSet": request.tag_list})
    return Created(
        bucket,
        {
            "bucket": bucket,
            "arn": f"arn:aws:s3:::{bucket}",
            "bucketDomainName": f"{bucket}.s3.amazonaws.com",
            "bucketRegionalDomainName": f"{bucket}.s3.{request.region}.amazonaws.com",
            "region": request.region,
        },
    )


def _configure(request: Request, operation: str, **parameters: object) -> Created:
    """Set a part of a bucket's configuration. The resource's id is the bucket's name."""
    bucket = request.inputs["bucket"]
    request.call("s3", operation, Bucket=bucket, **parameters)
    return Created(bucket)


def _set_versioning(request: Request) -> Created:
    configuration = pascal_keys(request.inputs["versioningConfiguration"], renames={"mfaDelete": "MFADelete"})
    return _configure(request, "put_bucket_versioning", VersioningConfiguration=configuration)


def _block_public_access(request: Request) -> Created:
    configuration = request.pascal(*_PUBLIC_ACCESS)
    return _configure(request, "put_public_access_block", PublicAccessBlockConfiguration=configuration)


def _set_ownership(request: Request) -> Created:
    rules = {"Rules": [pascal_keys(request.inputs["rule"])]}
    return _configure(request, "put_bucket_ownership_controls", OwnershipControls=rules)


def _set_encryption(request: Request) -> Created:
    rules = pascal_keys(request.inputs["rules"], renames=_ENCRYPTION_NAMES)
    return _configure(request, "put_bucket_encryption", ServerSideEncryptionConfiguration={"Rules": rules})


def _set_policy(request: Request) -> Created:
    return _configure(request, "put_bucket_policy", Policy=request.inputs["policy"])


def _set_lifecycle(request: Request) -> Created:
    rules = [_lifecycle_rule(rule) for rule in request.inputs["rules"]]
    return _configure(request, "put_bucket_lifecycle_configuration", LifecycleConfiguration={"Rules": rules})


def _lifecycle_rule(rule: dict[str, Any]) -> dict[str, Any]:
    converted = pascal_keys(rule, renames={"id": "ID"})
    # S3 requires a filter, even for a rule that applies to everything.
    return {**converted, "Filter": converted.get("Filter") or {"Prefix": ""}}


def _set_notification(request: Request) -> Created:
    configuration = {"EventBridgeConfiguration": {}} if request.inputs.get("eventbridge") else {}
    return _configure(request, "put_bucket_notification_configuration", NotificationConfiguration=configuration)


def _put_object(request: Request) -> Created:
    bucket, key = request.inputs["bucket"], request.inputs["key"]
    response = request.call(
        "s3",
        "put_object",
        Bucket=bucket,
        Key=key,
        Body=_body(request),
        **request.pascal(*_OBJECT_HEADERS, verbatim=("metadata",)),
    )
    outputs = {"arn": f"arn:aws:s3:::{bucket}/{key}", "etag": response["ETag"].strip('"'), "key": key}
    return Created(key, {**outputs, "versionId": response.get("VersionId", "")})


def _body(request: Request) -> bytes:
    source = request.inputs.get("source")
    if isinstance(source, Content):
        return source.read()
    if "contentBase64" in request.inputs:
        return base64.b64decode(request.inputs["contentBase64"])
    return request.inputs.get("content", "").encode()


def _delete_bucket(request: Request, standing: Standing) -> None:
    if standing.properties.get("forceDestroy"):
        client: Any = request.emulator.client("s3", request.region)
        for page in client.get_paginator("list_object_versions").paginate(Bucket=standing.id):
            _delete_versions(request, standing.id, [*page.get("Versions", []), *page.get("DeleteMarkers", [])])
    request.call("s3", "delete_bucket", Bucket=standing.id)


def _delete_object(request: Request, standing: Standing) -> None:
    """Delete all versions of an object, as the AWS provider does."""
    bucket, key = standing.properties["bucket"], standing.properties["key"]
    found = request.call("s3", "list_object_versions", Bucket=bucket, Prefix=key)
    versions = [*found.get("Versions", []), *found.get("DeleteMarkers", [])]
    _delete_versions(request, bucket, [each for each in versions if each["Key"] == key])


def _delete_versions(request: Request, bucket: str, versions: list[dict[str, Any]]) -> None:
    for version in versions:
        request.call("s3", "delete_object", Bucket=bucket, Key=version["Key"], VersionId=version["VersionId"])


def _suspend_versioning(request: Request, standing: Standing) -> None:
    suspended = {"Status": "Suspended"}
    request.call("s3", "put_bucket_versioning", Bucket=standing.id, VersioningConfiguration=suspended)


def _remove_notification(request: Request, standing: Standing) -> None:
    request.call("s3", "put_bucket_notification_configuration", Bucket=standing.id, NotificationConfiguration={})


def _read_policy(request: Request, standing: Standing) -> dict[str, Any]:
    return {"policy": request.call("s3", "get_bucket_policy", Bucket=standing.id)["Policy"]}


def _setting(create: Create, *accepts: str, delete: str = "", deletes: Delete | None = None) -> Handler:
    """Return the handler of a resource that one request sets on a bucket and another request removes."""
    remove = removes("s3", delete, Bucket="id") if delete else deletes
    return Handler(create, accepts=("bucket", *accepts), update=recreates(create), delete=remove)


HANDLERS: Final = {
    "aws:s3/bucket:Bucket": Handler(_create_bucket, accepts=("bucket", "forceDestroy", "tags"), delete=_delete_bucket),
    "aws:s3/bucketVersioning:BucketVersioning": _setting(
        _set_versioning, "versioningConfiguration", deletes=_suspend_versioning
    ),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": _setting(
        _block_public_access, "skipDestroy", *_PUBLIC_ACCESS, delete="delete_public_access_block"
    ),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": _setting(
        _set_ownership, "rule", delete="delete_bucket_ownership_controls"
    ),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": _setting(
        _set_encryption, "rules", delete="delete_bucket_encryption"
    ),
    "aws:s3/bucketPolicy:BucketPolicy": Handler(
        _set_policy,
        accepts=("bucket", "policy"),
        update=recreates(_set_policy),
        delete=removes("s3", "delete_bucket_policy", Bucket="id"),
        read=_read_policy,
    ),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": _setting(
        _set_lifecycle, "rules", delete="delete_bucket_lifecycle"
    ),
    "aws:s3/bucketNotification:BucketNotification": _setting(
        _set_notification, "eventbridge", deletes=_remove_notification
    ),
    "aws:s3/bucketObjectv2:BucketObjectv2": Handler(
        _put_object,
        accepts=("bucket", "key", "forceDestroy", *_OBJECT_HEADERS, *_OBJECT_CONTENT),
        update=recreates(_put_object),
        delete=_delete_object,
        updated_outputs=("etag", "versionId"),
    ),
}
