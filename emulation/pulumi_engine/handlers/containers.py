"""Containers: image registries, clusters and task definitions. The emulator keeps them; it runs none."""

import json
from typing import Final

from emulation.pulumi_engine.handler import Created, Handler, Request


def _create_repository(request: Request) -> Created:
    name = request.physical_name()
    repository = request.call(
        "ecr",
        "create_repository",
        repositoryName=name,
        imageTagMutability=request.inputs.get("imageTagMutability"),
        imageScanningConfiguration=request.inputs.get("imageScanningConfiguration"),
        tags=request.tag_list or None,
    )["repository"]
    return Created(
        name,
        {
            "name": name,
            "arn": repository["repositoryArn"],
            "repositoryUrl": repository["repositoryUri"],
            "registryId": repository["registryId"],
        },
    )


def _set_lifecycle_policy(request: Request) -> Created:
    repository = request.inputs["repository"]
    request.call("ecr", "put_lifecycle_policy", repositoryName=repository, lifecyclePolicyText=request.inputs["policy"])
    return Created(repository, {"repository": repository})


def _create_cluster(request: Request) -> Created:
    name = request.physical_name()
    cluster = request.call("ecs", "create_cluster", clusterName=name, settings=request.inputs.get("settings"))
    arn = cluster["cluster"]["clusterArn"]
    return Created(arn, {"name": name, "arn": arn})


def _register_task(request: Request) -> Created:
    plain = ("family", "networkMode", "cpu", "memory", "taskRoleArn", "executionRoleArn", "requiresCompatibilities")
    definition = request.call(
        "ecs",
        "register_task_definition",
        containerDefinitions=json.loads(request.inputs["containerDefinitions"]),
        runtimePlatform=request.inputs.get("runtimePlatform"),
        volumes=[{"name": volume["name"]} for volume in request.inputs.get("volumes", [])],
        **{name: request.inputs[name] for name in plain if name in request.inputs},
    )["taskDefinition"]
    arn = definition["taskDefinitionArn"]
    return Created(
        definition["family"],
        {"arn": arn, "arnWithoutRevision": arn.rpartition(":")[0], "revision": definition["revision"]},
    )


HANDLERS: Final = {
    "aws:ecr/repository:Repository": Handler(
        _create_repository,
        # How it is deleted is never asked here.
        accepts=(
            "name",
            "imageTagMutability",
            "imageScanningConfiguration",
            "encryptionConfigurations",
            "forceDelete",
            "tags",
        ),
    ),
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": Handler(_set_lifecycle_policy, accepts=("repository", "policy")),
    "aws:ecs/cluster:Cluster": Handler(_create_cluster, accepts=("name", "settings", "tags")),
    "aws:ecs/taskDefinition:TaskDefinition": Handler(
        _register_task,
        accepts=(
            "family",
            "requiresCompatibilities",
            "networkMode",
            "cpu",
            "memory",
            "runtimePlatform",
            "taskRoleArn",
            "executionRoleArn",
            "volumes",
            "containerDefinitions",
            "skipDestroy",
            "tags",
        ),
        # The image's tag follows the code: a new revision is how ECS itself takes that.
        updatable=("containerDefinitions",),
        update=lambda request, _standing: _register_task(request),
        volatile=("arn", "revision"),
    ),
}
