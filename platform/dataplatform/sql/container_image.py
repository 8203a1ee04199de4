"""A container image of this repository: its registry, and the build that fills it."""

from collections.abc import Mapping
from pathlib import Path
from typing import TypedDict

import pulumi
import pulumi_aws as aws
import pulumi_docker as docker

from dataplatform.sql.images import stage_context

KEPT_IMAGES = 10


class ContainerImageArgs(TypedDict):
    """What a ContainerImage needs."""

    sources: Mapping[str, Path]
    """What the image is built from: path in the build context to file or folder of the repository."""
    platform: str
    """Platform that the image is built for, such as "linux/amd64"."""
    key_arn: pulumi.Input[str]
    skip_build: bool
    """Build and push nothing; only the local stack says so, whose emulator runs no containers."""


class ContainerImage(pulumi.ComponentResource):
    """An ECR repository and one image in it, whose tag is the hash of all that it is built from.

    A changed source gives a new tag, so whoever runs the image follows; an unchanged tree changes nothing. Tags are
    immutable, and nothing is built on preview.
    """

    reference: pulumi.Output[str]
    """Repository and tag, once the image is there."""
    repository_arn: pulumi.Output[str]

    def __init__(self, name: str, args: ContainerImageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("dataplatform:images:ContainerImage", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        context, digest = stage_context(name, args["sources"])
        repository = aws.ecr.Repository(
            f"{name}-repository",
            name=name,
            image_tag_mutability="IMMUTABLE",
            image_scanning_configuration={"scan_on_push": True},
            encryption_configurations=[{"encryption_type": "KMS", "kms_key": args["key_arn"]}],
            opts=child,
        )
        aws.ecr.LifecyclePolicy(f"{name}-lifecycle", repository=repository.name, policy=_keep_latest(), opts=child)
        reference = pulumi.Output.concat(repository.repository_url, ":", digest)
        if not args["skip_build"]:
            token = aws.ecr.get_authorization_token_output(registry_id=repository.registry_id)
            image = docker.Image(
                f"{name}-image",
                image_name=reference,
                build={"context": str(context), "platform": args["platform"]},
                build_on_preview=False,
                registry={
                    "server": repository.repository_url,
                    "username": token.user_name,
                    "password": pulumi.Output.secret(token.password),
                },
                opts=child,
            )
            reference = image.image_name
        self.reference = reference
        self.repository_arn = repository.arn
        self.register_outputs({"reference": self.reference, "repositoryArn": self.repository_arn})


def _keep_latest() -> pulumi.Output[str]:
    rule = {
        "rulePriority": 1,
        "description": f"Keep the latest {KEPT_IMAGES} images",
        "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": KEPT_IMAGES},
        "action": {"type": "expire"},
    }
    return pulumi.Output.json_dumps({"rules": [rule]})
