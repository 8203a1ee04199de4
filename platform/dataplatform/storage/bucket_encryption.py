"""Statements for the bucket's policy that refuse objects without encryption by one of the platform's keys."""

from collections.abc import Sequence
from typing import Any, Final

import pulumi

from dataplatform.aws.policies import deny_everyone

_ENCRYPTION: Final = "s3:x-amz-server-side-encryption"
_KEY: Final = "s3:x-amz-server-side-encryption-aws-kms-key-id"
_CUSTOMERS_KEY: Final = "s3:x-amz-server-side-encryption-customer-algorithm"


def deny_other_encryption(objects: pulumi.Input[str], key_arns: Sequence[pulumi.Input[str]]) -> list[dict[str, Any]]:
    """Refuse a put that requests another encryption or key, or KMS without a key.

    A put without a requested encryption gets the bucket's default.

    `Null: false` means that the put requests one. `…NotEqualsIfExists` would be wrong: in a Deny statement it also
    holds if the key is absent, and would refuse every put that relies on the default
    (docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html).
    """
    put = ["s3:PutObject"]
    return [
        deny_everyone(
            "DenyOtherEncryption",
            put,
            [objects],
            {"StringNotEquals": {_ENCRYPTION: "aws:kms"}, "Null": {_ENCRYPTION: "false"}},
        ),
        deny_everyone(
            "DenyForeignKeys", put, [objects], {"ArnNotEquals": {_KEY: [*key_arns]}, "Null": {_KEY: "false"}}
        ),
        # S3 uses the account's key aws/s3 for a put that requests KMS without a key:
        # docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
        deny_everyone(
            "DenyUnnamedKeys",
            put,
            [objects],
            {"StringEquals": {_ENCRYPTION: "aws:kms"}, "Null": {_KEY: "true"}},
        ),
        deny_everyone("DenyCustomersKeys", put, [objects], {"Null": {_CUSTOMERS_KEY: "false"}}),
    ]
