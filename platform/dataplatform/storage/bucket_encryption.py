"""Statements of the bucket's policy that refuse an object which is not encrypted with a key of the platform."""

from collections.abc import Sequence
from typing import Any, Final

import pulumi

from dataplatform.aws.policies import deny_everyone

_ENCRYPTION: Final = "s3:x-amz-server-side-encryption"
_KEY: Final = "s3:x-amz-server-side-encryption-aws-kms-key-id"
_CUSTOMERS_KEY: Final = "s3:x-amz-server-side-encryption-customer-algorithm"


def deny_other_encryption(objects: pulumi.Input[str], key_arns: Sequence[pulumi.Input[str]]) -> list[dict[str, Any]]:
    """Refuse a put that asks for another encryption or key, or for KMS without a key.

    A put that asks for no encryption gets the bucket's default.

    `Null: false` says that the put asks. `…NotEqualsIfExists` would not do: in a Deny it also holds where the key is
    absent, and would refuse every put that relies on the default
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
        # S3 takes the account's key aws/s3 for a put that asks for KMS and names no key:
        # docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
        deny_everyone(
            "DenyUnnamedKeys",
            put,
            [objects],
            {"StringEquals": {_ENCRYPTION: "aws:kms"}, "Null": {_KEY: "true"}},
        ),
        deny_everyone("DenyCustomersKeys", put, [objects], {"Null": {_CUSTOMERS_KEY: "false"}}),
    ]
