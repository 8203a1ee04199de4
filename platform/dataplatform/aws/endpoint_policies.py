"""Policies of the network's gateway endpoints: only this account's principals, and only the stack's data."""

from typing import Final

import pulumi

from dataplatform.aws.policies import allow_principal, document
from dataplatform.aws.stack import StackContext

_ACTIONS: Final = {
    "s3": [
        "s3:AbortMultipartUpload",
        "s3:GetObject",
        "s3:ListBucket",
        "s3:ListBucketMultipartUploads",
        "s3:ListMultipartUploadParts",
        "s3:PutObject",
    ],
    "dynamodb": [
        "dynamodb:BatchGetItem",
        "dynamodb:GetItem",
        "dynamodb:PutItem",
        "dynamodb:Query",
        "dynamodb:UpdateItem",
    ],
}
"""The actions of tasks and functions in the network, by service. A test compares them with their roles."""


def endpoint_policy(service: str, stack: StackContext) -> pulumi.Output[str]:
    """Return the policy of a gateway endpoint. It stops a compromised task from sending data to another account.

    Args:
        service: "s3" or "dynamodb".
        stack: the stack's context.
    """
    ours = {"aws:PrincipalAccount": stack.account_id, "aws:ResourceAccount": stack.account_id}
    tables = pulumi.Output.concat("arn:aws:dynamodb:", stack.region, ":", stack.account_id, f":table/{stack.name}-*")
    place = f"arn:aws:s3:::{stack.name}-*" if service == "s3" else tables
    # A gateway endpoint does not accept an account as principal, so a condition names it:
    # docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html
    own = allow_principal("OwnAccount", {"AWS": "*"}, _ACTIONS[service], [place], {"StringEquals": ours})
    if service != "s3":
        return document(own)
    # Fargate pulls an image's layers from a bucket that AWS owns:
    # docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html
    layers = pulumi.Output.concat("arn:aws:s3:::prod-", stack.region, "-starport-layer-bucket/*")
    return document(own, allow_principal("ImageLayers", {"AWS": "*"}, ["s3:GetObject"], [layers]))
