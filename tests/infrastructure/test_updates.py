"""What the second `pulumi up` changes, what a replacement replaces, and what a rollback finds."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.recording import Graph, Recorded

# Lists that ECS stores as empty if a definition lacks them.
STORED_EMPTY = {"environment", "mountPoints", "portMappings", "systemControls", "volumesFrom"}
# Inputs that identify a part of the API, rather than describe its behaviour.
PLACE = {"restApi", "restApiId", "resourceId", "parentId", "httpMethod"}
# API Gateway identifies them by API, resource and method, which a replacement shares with its predecessor.
KNOWN_BY_PLACE = {
    "apigateway/method:Method",
    "apigateway/integration:Integration",
    "apigateway/methodResponse:MethodResponse",
    "apigateway/integrationResponse:IntegrationResponse",
}
DEPLOYED = {*KNOWN_BY_PLACE, "apigateway/resource:Resource", "apigateway/response:Response"}


def containers(graph: Graph) -> list[dict[str, Any]]:
    tasks = graph.of_type("ecs/taskDefinition:TaskDefinition")
    assert tasks
    return [container for task in tasks for container in json.loads(task.inputs["containerDefinitions"])]


def all_of(graph: Graph, kinds: set[str]) -> list[Recorded]:
    found = [each for kind in sorted(kinds) for each in graph.of_type(kind)]
    assert found
    return found


# Images and tasks


def test_every_container_runs_an_image_by_its_digest(cloud_graph: Graph) -> None:
    digests = {f"${{{each.name}.repoDigest}}" for each in cloud_graph.resources if each.type.startswith("docker:")}
    assert {container["image"] for container in containers(cloud_graph)} == digests


def test_former_tag_can_be_built_again(cloud_graph: Graph) -> None:
    # a revert rebuilds it, and the same sources have another digest
    repositories = cloud_graph.of_type("ecr/repository:Repository")
    assert repositories
    assert {each.inputs["imageTagMutability"] for each in repositories} == {"MUTABLE"}


def test_container_is_defined_as_ecs_stores_it(graph: Graph) -> None:
    for container in containers(graph):
        assert set(container) >= STORED_EMPTY, container["name"]
        capabilities = container.get("linuxParameters", {}).get("capabilities")
        assert capabilities is None or set(capabilities) == {"add", "drop"}, container["name"]


def test_former_task_definitions_stay_for_a_rollback(graph: Graph) -> None:
    assert {each.inputs.get("skipDestroy") for each in all_of(graph, {"ecs/taskDefinition:TaskDefinition"})} == {True}


# The API


def test_every_input_of_the_api_triggers_a_deployment(graph: Graph) -> None:
    # given the triggers of the deployment
    deployment = graph.only("apigateway/deployment:Deployment")
    triggers = [json.loads(each) for each in deployment.inputs["triggers"].values()]

    # then they include each part's inputs, and the deployment is created after the part
    for part in all_of(graph, DEPLOYED):
        behaviour = {
            re.sub("[A-Z]", lambda found: f"_{found[0].lower()}", key): value
            for key, value in part.inputs.items()
            if key not in PLACE
        }
        assert behaviour in triggers, part.name
        assert part.urn in deployment.dependencies, part.name


def test_part_of_the_api_is_deleted_before_its_replacement(graph: Graph) -> None:
    assert [each.name for each in all_of(graph, KNOWN_BY_PLACE) if not each.deleted_first] == []


def test_deployment_is_not_deleted_with_a_part(graph: Graph) -> None:
    # the engine deletes what uses an output of a resource that is deleted before its replacement
    deployment = graph.only("apigateway/deployment:Deployment")
    deleted_first = {each.urn for each in graph.resources if each.deleted_first}
    used = frozenset[str]().union(*deployment.property_dependencies.values())
    assert used
    assert used & deleted_first == set()


@pytest.mark.parametrize(
    ("part", "holder"),
    [
        ("apigateway/integration:Integration", "apigateway/method:Method"),
        ("apigateway/methodResponse:MethodResponse", "apigateway/method:Method"),
        ("apigateway/integrationResponse:IntegrationResponse", "apigateway/integration:Integration"),
        ("apigateway/integrationResponse:IntegrationResponse", "apigateway/methodResponse:MethodResponse"),
    ],
)
def test_part_is_replaced_with_what_holds_it(graph: Graph, part: str, holder: str) -> None:
    # API Gateway deletes it with the holder, and the engine replaces it where an identifying input is the holder's
    holders = {each.urn for each in graph.of_type(holder)}
    for each in all_of(graph, {part}):
        place = [each.property_dependencies.get(key, frozenset()) for key in (*PLACE, "statusCode")]
        assert frozenset[str]().union(*place) & holders, each.name


# Servers that a person stopped


def stoppable(graph: Graph) -> list[tuple[Recorded, str]]:
    """Return what `sources stop` changes, each with the input."""
    controls = graph.exports["sourceServers"].values()
    schedules = {schedule for control in controls for schedule in control["schedules"]}
    endpoints = {each["endpoint"] for control in controls for each in control["endpoints"]}
    return [
        *((each, "desiredCount") for each in graph.of_type("ecs/service:Service")),
        *(
            (each, "state")
            for each in graph.of_type("scheduler/schedule:Schedule")
            if f"{each.inputs['groupName']}/{each.inputs['name']}" in schedules
        ),
        *((each, "subnetIds") for each in graph.of_type("ec2/vpcEndpoint:VpcEndpoint") if each_id(each) in endpoints),
    ]


def each_id(resource: Recorded) -> str:
    return f"${{{resource.name}.id}}"


def test_stopped_server_stays_stopped_and_is_not_drift(running: Graph) -> None:
    changed = stoppable(running)
    assert {kind for _, kind in changed} == {"desiredCount", "state", "subnetIds"}
    assert [resource.name for resource, changes in changed if resource.ignored != {changes}] == []


def test_setting_still_stops_and_starts_a_server(running: Graph, graph_of: Callable[[str], Graph]) -> None:
    # given the same servers, started and stopped
    wanted = {each.name: each.replacement_trigger for each, _ in stoppable(running)}
    unwanted = {each.name: each.replacement_trigger for each, _ in stoppable(graph_of("dev"))}

    # then the engine replaces what it would otherwise leave unchanged
    assert unwanted
    assert [name for name, trigger in unwanted.items() if not trigger or trigger == wanted[name]] == []
    assert all(each.deleted_first for each, _ in stoppable(running))


def test_other_changes_by_hand_are_drift(graph: Graph) -> None:
    ours = {each.name for each, _ in stoppable(graph)}
    assert [each.name for each in graph.resources if each.ignored and each.name not in ours] == []
