"""Stops and starts the source servers that a stack runs itself."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from ops.stack.errors import OperatorError
from ops.stack.target import Target

# What the answer about a schedule has beside what can be set.
_NOT_SET: Final = frozenset({"Arn", "CreationDate", "LastModificationDate", "ResponseMetadata"})


class SourcesError(OperatorError):
    """There is nothing to stop or start; the message says what to do."""


@dataclass(frozen=True, slots=True)
class ServerCount:
    """How many tasks of a server are wanted, and run."""

    server: str
    desired: int
    running: int


def stop_sources(target: Target) -> Iterator[ServerCount]:
    """Want no task of any server, and let the schedules of its datasets rest.

    The interface endpoints that only they need leave their subnets, by which they are charged. What runs ends within
    seconds; until then it is charged, too.

    Raises:
        SourcesError: the stack has no such servers.
    """
    for server, service in _services(target).items():
        # First: a collection that begins now would find no server.
        _set_schedules(target, service["schedules"], "DISABLED")
        yield _want(target, server, service, 0)
        for each in service["endpoints"]:
            if each["subnet"] in _subnets(target, each["endpoint"]):
                target.client("ec2").modify_vpc_endpoint(
                    VpcEndpointId=each["endpoint"], RemoveSubnetIds=[each["subnet"]]
                )


def start_sources(target: Target) -> Iterator[ServerCount]:
    """Want as many tasks of each server as the stack's setting says, and let the schedules go on.

    Raises:
        SourcesError: the stack has no such servers, or its setting wants none of them.
    """
    services = _services(target)
    if not any(service["desiredCount"] for service in services.values()):
        raise SourcesError(
            f"the stack {target.stack!r} is deployed without tasks of its source servers; set "
            "data-platform:sources.desiredCount to 1 and run `pulumi up`, which also creates the endpoint "
            "from which the collector reads its keys"
        )
    for service in services.values():
        # First: a server's task gets its secrets by the endpoint. ECS tries again until it answers.
        for each in service["endpoints"]:
            if each["subnet"] not in _subnets(target, each["endpoint"]):
                target.client("ec2").modify_vpc_endpoint(VpcEndpointId=each["endpoint"], AddSubnetIds=[each["subnet"]])
    for server, service in services.items():
        yield _want(target, server, service, service["desiredCount"])
        _set_schedules(target, service["schedules"], "ENABLED")


def _services(target: Target) -> dict[str, Any]:
    services: dict[str, Any] = target.exports["sourceServers"]
    if not services:
        raise SourcesError(
            f"the stack {target.stack!r} does not run source servers; set demoServer for one of its "
            "connections or databases"
        )
    return services


def _subnets(target: Target, endpoint: str) -> list[str]:
    [found] = target.client("ec2").describe_vpc_endpoints(VpcEndpointIds=[endpoint])["VpcEndpoints"]
    return found["SubnetIds"]


def _set_schedules(target: Target, schedules: list[str], state: str) -> None:
    scheduler = target.client("scheduler")
    for schedule in schedules:
        group, name = schedule.split("/")
        found = scheduler.get_schedule(GroupName=group, Name=name)
        # An update replaces all of a schedule, and what it does not name is lost.
        kept = {field: value for field, value in found.items() if field not in _NOT_SET}
        scheduler.update_schedule(**kept | {"State": state})


def _want(target: Target, server: str, service: dict[str, Any], count: int) -> ServerCount:
    changed = target.client("ecs").update_service(
        cluster=service["cluster"], service=service["service"], desiredCount=count
    )["service"]
    return ServerCount(server, changed["desiredCount"], changed["runningCount"])
