"""Containers: image registries, clusters and task definitions. The emulator stores them, but runs no containers."""

import json
from typing import Any, Final

from emulation.pulumi_engine.handler import Created, Handler, Request, Standing, recreates, removes


def _create_repository(request: Request) -> Created:
    name = request.inputs["name"]
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


def _update_repository(request: Request, standing: Standing) -> None:
    for name, operation in (
        ("imageTagMutability", "put_image_tag_mutability"),
        ("imageScanningConfiguration", "put_image_scanning_configuration"),
    ):
        if name in standing.changed and name in request.inputs:
            request.call("ecr", operation, repositoryName=standing.id, **request.given(name))


def _delete_repository(request: Request, standing: Standing) -> None:
    force = bool(standing.properties.get("forceDelete"))
    request.call("ecr", "delete_repository", repositoryName=standing.id, force=force)


def _set_lifecycle_policy(request: Request) -> Created:
    repository = request.inputs["repository"]
    request.call("ecr", "put_lifecycle_policy", repositoryName=repository, lifecyclePolicyText=request.inputs["policy"])
    return Created(repository, {"repository": repository})


def _create_cluster(request: Request) -> Created:
    name = request.inputs["name"]
    cluster = request.call(
        "ecs",
        "create_cluster",
        clusterName=name,
        settings=request.inputs.get("settings"),
        tags=[{"key": key, "value": value} for key, value in request.tags.items()],
    )
    arn = cluster["cluster"]["clusterArn"]
    return Created(arn, {"name": name, "arn": arn})


def _update_cluster(request: Request, standing: Standing) -> None:
    request.call("ecs", "update_cluster_settings", cluster=standing.id, settings=request.inputs.get("settings", []))


def _create_service(request: Request) -> Created:
    made = request.call(
        "ecs",
        "create_service",
        serviceName=request.inputs["name"],
        cluster=request.inputs["cluster"],
        launchType=request.inputs.get("launchType"),
        serviceRegistries=[request.inputs["serviceRegistries"]] if "serviceRegistries" in request.inputs else None,
        **_changeable(request),
    )["service"]
    return Created(made["serviceArn"], {"arn": made["serviceArn"]})


def _update_service(request: Request, _standing: Standing) -> None:
    cluster = request.inputs["cluster"]
    request.call("ecs", "update_service", cluster=cluster, service=request.inputs["name"], **_changeable(request))


def _changeable(request: Request) -> dict[str, Any]:
    inputs = request.inputs
    network = inputs["networkConfiguration"]
    public = "ENABLED" if network.get("assignPublicIp") else "DISABLED"
    return {
        **request.given("taskDefinition", "desiredCount"),
        "networkConfiguration": {"awsvpcConfiguration": {**network, "assignPublicIp": public}},
        "deploymentConfiguration": {
            "deploymentCircuitBreaker": inputs["deploymentCircuitBreaker"],
            "maximumPercent": inputs["deploymentMaximumPercent"],
            "minimumHealthyPercent": inputs["deploymentMinimumHealthyPercent"],
        },
    }


def _delete_service(request: Request, standing: Standing) -> None:
    cluster, name = standing.properties["cluster"], standing.properties["name"]
    request.call("ecs", "delete_service", cluster=cluster, service=name, force=True)


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


def _record_image(request: Request) -> Created:
    """Push a manifest without layers that describes the build: this machine builds no images for the emulator."""
    name = request.inputs["imageName"]
    repository, _, tag = name.partition("/")[2].rpartition(":")
    manifest = json.dumps({"schemaVersion": 2, "built": request.inputs.get("build")}, sort_keys=True, default=str)
    image = request.call("ecr", "put_image", repositoryName=repository, imageTag=tag, imageManifest=manifest)["image"]
    digest = image["imageId"]["imageDigest"]
    return Created(name, {"repoDigest": f"{name.rpartition(':')[0]}@{digest}", "baseImageName": name})


HANDLERS: Final = {
    "docker:index/image:Image": Handler(
        _record_image,
        accepts=("build", "buildOnPreview", "imageName", "registry", "skipPush"),
        update=recreates(_record_image),
        updated_outputs=("repoDigest",),
    ),
    "aws:ecr/repository:Repository": Handler(
        _create_repository,
        accepts=(
            "name",
            "imageTagMutability",
            "imageScanningConfiguration",
            "encryptionConfigurations",
            "forceDelete",
            "tags",
        ),
        update=_update_repository,
        delete=_delete_repository,
    ),
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": Handler(
        _set_lifecycle_policy,
        accepts=("repository", "policy"),
        delete=removes("ecr", "delete_lifecycle_policy", repositoryName="repository"),
    ),
    "aws:ecs/cluster:Cluster": Handler(
        _create_cluster,
        accepts=("name", "settings", "tags"),
        update=_update_cluster,
        delete=removes("ecs", "delete_cluster", cluster="id"),
    ),
    "aws:ecs/service:Service": Handler(
        _create_service,
        accepts=(
            "name",
            "cluster",
            "taskDefinition",
            "desiredCount",
            "launchType",
            "deploymentCircuitBreaker",
            "deploymentMaximumPercent",
            "deploymentMinimumHealthyPercent",
            "networkConfiguration",
            "serviceRegistries",
        ),
        update=_update_service,
        unchangeable=("serviceRegistries",),
        delete=_delete_service,
    ),
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
        delete=removes("ecs", "deregister_task_definition", taskDefinition="arn"),
    ),
}
