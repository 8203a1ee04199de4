"""A container image of this repository: its registry, and the build that fills it."""

import pulumi
import pulumi_aws as aws
import pulumi_docker as docker

from dataplatform.aws.stack import StackContext
from dataplatform.errors import ProgramError
from dataplatform.sql.images import IMAGES, stage_context

KEPT_IMAGES = 10


class ContainerImage(pulumi.ComponentResource):
    """An ECR repository and one image in it, whose tag is the hash of all that it is built from.

    A changed source gives a new tag and so a new build; an unchanged tree changes nothing. Nothing is built on preview.
    The image runs by its digest, which nobody can overwrite. The tag can be: a revert of the code builds a former tag
    again, and no build of the same sources has the same digest.
    """

    reference: pulumi.Output[str]
    """Repository and digest, once the image is pushed; repository and tag with `local.skip_images`."""
    repository_arn: pulumi.Output[str]

    def __init__(
        self, name: str, *, stack: StackContext, image: str, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Create the repository, and build and push the image.

        Args:
            name: of the repository.
            stack: the stack's context with its key; with `local.skip_images` nothing is built or pushed.
            image: name of one of the repository's IMAGES, which say what it is built from and for which platform.
            opts: of the component.

        Raises:
            ProgramError: the image's folder is not in this checkout.
        """
        if image not in IMAGES:
            raise ProgramError(
                f"the stack's file wants a demo server, but images/{image} was deleted with the sample; name your "
                "own server instead of demoServer"
            )
        super().__init__("dataplatform:images:ContainerImage", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        sources = IMAGES[image]
        context, digest = stage_context(name, sources.files)
        repository = aws.ecr.Repository(
            f"{name}-repository",
            name=name,
            image_tag_mutability="MUTABLE",
            image_scanning_configuration={"scan_on_push": True},
            encryption_configurations=[{"encryption_type": "KMS", "kms_key": stack.key_arn}],
            # AWS refuses to delete a repository that holds images.
            force_delete=not stack.protect_data,
            opts=child,
        )
        aws.ecr.LifecyclePolicy(f"{name}-lifecycle", repository=repository.name, policy=_keep_latest(), opts=child)
        reference = pulumi.Output.concat(repository.repository_url, ":", digest)
        if not stack.local.skip_images:
            token = aws.ecr.get_authorization_token_output(
                registry_id=repository.registry_id, opts=pulumi.InvokeOutputOptions(parent=self)
            )
            built = docker.Image(
                f"{name}-image",
                image_name=reference,
                build={"context": str(context), "platform": sources.platform},
                build_on_preview=False,
                registry={
                    "server": repository.repository_url,
                    "username": token.user_name,
                    "password": pulumi.Output.secret(token.password),
                },
                opts=child,
            )
            reference = built.repo_digest
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
