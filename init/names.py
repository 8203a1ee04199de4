"""Names of all resources that the bootstrap creates. docs/bootstrap.md lists them."""

import re
from dataclasses import dataclass
from typing import Final

from init.change import BootstrapError

PROJECT: Final = "data-platform"
STACKS: Final = ("dev", "prod")
"""The stacks that are deployed to an account, from Pulumi.{stack}.yaml."""
OWN_TAGS: Final = {"project": PROJECT, "made-by": "init"}
"""Tags of every resource that the bootstrap creates. It does not touch resources without them."""

GITHUB_ISSUER: Final = "token.actions.githubusercontent.com"
GITHUB_AUDIENCE: Final = "sts.amazonaws.com"

# docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html, and short enough for the log bucket's suffix.
_BUCKET: Final = re.compile(r"(?!xn--|sthree-|amzn-s3-demo-)[a-z0-9][a-z0-9-]{1,56}[a-z0-9]")
# With or without GitHub's immutable ids: owner/name, or owner@123/name@456.
_REPOSITORY: Final = re.compile(r"[A-Za-z0-9-]+(@\d+)?/[A-Za-z0-9._-]+(@\d+)?")


@dataclass(frozen=True, slots=True)
class Names:
    """The names for one account.

    Raises:
        BootstrapError: The name of the bucket or repository is not valid.
    """

    bucket: str
    region: str
    account: str
    repository: str
    """In the form of the subject of GitHub's tokens: `owner/name`, or `owner@id/name@id`."""

    def __post_init__(self) -> None:
        if not _BUCKET.fullmatch(self.bucket):
            raise BootstrapError(
                f"{self.bucket!r} is not a valid bucket name; use 3 to 58 lower case letters, digits and hyphens, "
                "with a letter or digit at both ends"
            )
        if not _REPOSITORY.fullmatch(self.repository):
            raise BootstrapError(
                f"{self.repository!r} is not a valid GitHub repository; use owner/name or owner@id/name@id"
            )

    @property
    def log_bucket(self) -> str:
        """The bucket for S3's access logs of the state bucket."""
        return f"{self.bucket}-logs"

    @property
    def backend_url(self) -> str:
        """URL of the state backend for Pulumi."""
        return f"s3://{self.bucket}?region={self.region}"

    def secrets_provider(self, stack: str) -> str:
        """Return the URL of a stack's secrets provider for Pulumi."""
        return f"awskms://{self.secrets_alias(stack)}?region={self.region}"

    @property
    def state_alias(self) -> str:
        """Alias of the key that encrypts the state bucket."""
        return f"alias/{PROJECT}-state"

    def secrets_alias(self, stack: str) -> str:
        """Return the alias of the key for a stack's secrets. The stack's own deploy role may not use this name."""
        return f"alias/{PROJECT}-secrets-{stack}"

    def preview_role(self, stack: str) -> str:
        """Return the name of the role for CI's previews of a stack."""
        return f"{PROJECT}-ci-preview-{stack}"

    def drift_role(self, stack: str) -> str:
        """Return the name of the role for CI's drift checks of a stack."""
        return f"{PROJECT}-ci-drift-preview-{stack}"

    def deploy_role(self, stack: str) -> str:
        """Return the name of the role for CI's deployments of a stack."""
        return f"{PROJECT}-ci-deploy-{stack}"

    def boundary(self, stack: str) -> str:
        """Return the name of the policy that limits every role that the stack's deploy role creates."""
        return f"{PROJECT}-boundary-{stack}"

    @property
    def api_gateway_role(self) -> str:
        """Role with which API Gateway writes logs, for the whole account."""
        return f"{PROJECT}-api-gateway-logs"

    def arn_of_role(self, name: str) -> str:
        """Return the ARN of a role in this account."""
        return f"arn:aws:iam::{self.account}:role/{name}"

    def arn_of_policy(self, name: str) -> str:
        """Return the ARN of a policy in this account."""
        return f"arn:aws:iam::{self.account}:policy/{name}"

    @property
    def identity_provider(self) -> str:
        """ARN of GitHub's OIDC provider in this account."""
        return f"arn:aws:iam::{self.account}:oidc-provider/{GITHUB_ISSUER}"
