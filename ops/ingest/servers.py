"""Stops and starts the source servers that a stack runs itself."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from ops.stack.errors import OperatorError
from ops.stack.target import Target

# Fields of a schedule's description that cannot be set.
_NOT_SET: Final = frozenset({"Arn", "CreationDate", "LastModificationDate", "ResponseMetadata"})


class SourcesError(OperatorError):
    """There is nothing to stop or start; the message says what to do."""


@dataclass(frozen=True, slots=True)
class ServerCount:
    """Numbers of desired and running tasks of a server."""

    server: str
    desired: int
    running: int


def stop_sources(target: Target) -> Iterator[ServerCount]:
    """Stop all servers and disable the schedules of their datasets.

    The interface endpoints that only the servers need are removed from their subnets, because AWS charges for them
    there. Running tasks end within seconds and cost money until then.

    Raises:
        SourcesError: the stack has no such servers.
    """
    for server, service in _services(target).items():
        # Schedules first: a collection that begins now would find no server.
        _set_schedules(target, service["schedules"], "DISABLED")
        yield _want(target, server, service, 0)
        for each in service["endpoints"]:
            if each["subnet"] in _subnets(target, each["endpoint"]):
                target.client("ec2").modify_vpc_endpoint(
                    VpcEndpointId=each["endpoint"], RemoveSubnetIds=[each["subnet"]]
                )


def start_sources(target: Target) -> Iterator[ServerCount]:
    """Start as many tasks of each server as the stack's setting says, and enable the schedules.

    Raises:
        SourcesError: the stack has no such servers, or its setting is zero.
    """
    services = _services(target)
    if not any(service["desiredCount"] for service in services.values()):
        raise SourcesError(
            f"the stack {target.stack!r} is deployed without tasks of its source servers; set "
            "data-platform:sources.desiredCount to 1 and run `pulumi up`, which also creates the endpoint "
            "from which the collector reads its keys"
        )
    for service in services.values():
        # The endpoint first: a server's task needs it for its secrets. ECS retries until the endpoint answers.
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
        # An update replaces the whole schedule; omitted fields would be lost.
        kept = {field: value for field, value in found.items() if field not in _NOT_SET}
        scheduler.update_schedule(**kept | {"State": state})


def _want(target: Target, server: str, service: dict[str, Any], count: int) -> ServerCount:
    changed = target.client("ecs").update_service(
        cluster=service["cluster"], service=service["service"], desiredCount=count
    )["service"]
    return ServerCount(server, changed["desiredCount"], changed["runningCount"])
