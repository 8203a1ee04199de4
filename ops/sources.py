"""Stops and starts the source servers that a stack runs itself."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ops.target import Target


class SourcesError(Exception):
    """There is nothing to stop or start; the message says what to do."""


@dataclass(frozen=True, slots=True)
class ServerCount:
    """How many tasks of a server are wanted, and run."""

    server: str
    desired: int
    running: int


def stop_sources(target: Target) -> Iterator[ServerCount]:
    """Want no task of any server. What runs ends within seconds; until then it is charged.

    Raises:
        SourcesError: the stack has no such servers.
    """
    for server, service in _services(target).items():
        yield _want(target, server, service, 0)


def start_sources(target: Target) -> Iterator[ServerCount]:
    """Want as many tasks of each server as the stack's setting says.

    Raises:
        SourcesError: the stack has no such servers, or its setting wants none of them.
    """
    services = _services(target)
    if not any(service["desiredCount"] for service in services.values()):
        raise SourcesError(
            f"the stack {target.stack!r} wants no tasks of them: set data-platform:sources.desiredCount to 1 and run "
            "`pulumi up`, which also makes the endpoint that the collector reads its keys by"
        )
    for server, service in services.items():
        yield _want(target, server, service, service["desiredCount"])


def _services(target: Target) -> dict[str, Any]:
    services: dict[str, Any] = target.exports["sourceServers"]
    if not services:
        raise SourcesError(
            f"the stack {target.stack!r} runs no source servers itself: none of its connections and databases "
            "says demoServer"
        )
    return services


def _want(target: Target, server: str, service: dict[str, Any], count: int) -> ServerCount:
    changed = target.client("ecs").update_service(
        cluster=service["cluster"], service=service["service"], desiredCount=count
    )["service"]
    return ServerCount(server, changed["desiredCount"], changed["runningCount"])
