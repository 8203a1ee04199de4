"""What everything is called that is made here, in one place. docs/bootstrap.md lists it."""

import re
from dataclasses import dataclass
from typing import Final

from init.change import BootstrapError

PROJECT: Final = "data-platform"
STACKS: Final = ("dev", "prod")
"""Stacks of Pulumi.{stack}.yaml that live in an account."""
OWN_TAGS: Final = {"project": PROJECT, "made-by": "init"}
"""On all that is made here; what lacks it is somebody else's and is left alone."""

GITHUB_ISSUER: Final = "token.actions.githubusercontent.com"
GITHUB_AUDIENCE: Final = "sts.amazonaws.com"

# docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html, short enough for the log bucket's ending.
_BUCKET: Final = re.compile(r"(?!xn--|sthree-|amzn-s3-demo-)[a-z0-9][a-z0-9-]{1,56}[a-z0-9]")
# With GitHub's immutable ids or without: owner/name, or owner@123/name@456.
_REPOSITORY: Final = re.compile(r"[A-Za-z0-9-]+(@\d+)?/[A-Za-z0-9._-]+(@\d+)?")


@dataclass(frozen=True, slots=True)
class Names:
    """One account's names.

    Raises:
        BootstrapError: bucket or repository cannot be called that.
    """

    bucket: str
    region: str
    account: str
    repository: str
    """As the subject of GitHub's tokens has it: `owner/name`, or `owner@id/name@id`."""

    def __post_init__(self) -> None:
        if not _BUCKET.fullmatch(self.bucket):
            raise BootstrapError(
                f"{self.bucket!r} is not a valid bucket name; use 3 to 58 lower case letters, digits and hyphens, "
                "with a letter or digit at both ends"
            )
        if not _REPOSITORY.fullmatch(self.repository):
            raise BootstrapError(
                f"{self.repository!r} is not a GitHub repository, such as owner/name or owner@id/name@id"
            )

    @property
    def log_bucket(self) -> str:
        """Where S3 writes who used the state bucket."""
        return f"{self.bucket}-logs"

    @property
    def backend_url(self) -> str:
        """Pulumi's name of the state backend."""
        return f"s3://{self.bucket}?region={self.region}"

    def secrets_provider(self, stack: str) -> str:
        """Pulumi's name of what encrypts a stack's secrets."""
        return f"awskms://{self.secrets_alias(stack)}?region={self.region}"

    @property
    def state_alias(self) -> str:
        """Alias of the key that encrypts the state bucket."""
        return f"alias/{PROJECT}-state"

    def secrets_alias(self, stack: str) -> str:
        """Alias of the key that encrypts a stack's secrets. No name that the stack's own deploy role may use."""
        return f"alias/{PROJECT}-secrets-{stack}"

    def preview_role(self, stack: str) -> str:
        """Role that CI previews a stack with."""
        return f"{PROJECT}-ci-preview-{stack}"

    def drift_role(self, stack: str) -> str:
        """Role that CI compares a stack with the account with."""
        return f"{PROJECT}-ci-drift-preview-{stack}"

    def deploy_role(self, stack: str) -> str:
        """Role that CI deploys a stack with."""
        return f"{PROJECT}-ci-deploy-{stack}"

    def boundary(self, stack: str) -> str:
        """Policy that bounds every role that the stack's deploy role makes."""
        return f"{PROJECT}-boundary-{stack}"

    @property
    def api_gateway_role(self) -> str:
        """Role with which API Gateway writes logs, for the whole account."""
        return f"{PROJECT}-api-gateway-logs"

    def arn_of_role(self, name: str) -> str:
        """ARN of a role of this account."""
        return f"arn:aws:iam::{self.account}:role/{name}"

    def arn_of_policy(self, name: str) -> str:
        """ARN of a policy of this account."""
        return f"arn:aws:iam::{self.account}:policy/{name}"

    @property
    def identity_provider(self) -> str:
        """ARN of GitHub's OIDC provider in this account."""
        return f"arn:aws:iam::{self.account}:oidc-provider/{GITHUB_ISSUER}"
