"""The order in which resources are created, and the provider that the program queries."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pulumi
import pytest

from tests.support.recording import RUNNING, Graph, Recorded, record

# Tasks and functions that something starts as soon as they are created.
STARTED = (
    "ecs/service:Service",
    "scheduler/schedule:Schedule",
    "lambda/function:Function",
    "ec2/natGateway:NatGateway",
)


@pytest.fixture(scope="module", params=["endpoints", "nat"])
def network_graph(request: pytest.FixtureRequest, running: Graph) -> Graph:
    """Dev with running demo servers, which reach AWS through endpoints or NAT."""
    return record("dev", sources=RUNNING, network={"natGateways": 2}) if request.param == "nat" else running


def before(graph: Graph, resource: Recorded) -> set[str]:
    """Return the URNs of everything that is created before a resource."""
    dependencies = {each.urn: each.dependencies for each in graph.resources}
    found: set[str] = set()
    waiting = [resource.urn]
    while waiting:
        new = dependencies[waiting.pop()] - found
        found |= new
        waiting += new
    return found


def subnets_of(graph: Graph, resource: Recorded) -> list[Recorded]:
    used = str(resource.inputs)
    return [subnet for subnet in graph.of_type("ec2/subnet:Subnet") if f"${{{subnet.name}.id}}" in used]


def ways_out(graph: Graph, subnet: Recorded) -> set[str]:
    """Return the URNs of a subnet's association and of its table's routes."""
    [association] = [
        each
        for each in graph.of_type("ec2/routeTableAssociation:RouteTableAssociation")
        if each.inputs["subnetId"] == f"${{{subnet.name}.id}}"
    ]
    table = association.inputs["routeTableId"]
    routes = {each.urn for each in graph.of_type("ec2/route:Route") if each.inputs["routeTableId"] == table}
    return {association.urn, *routes}


def test_what_starts_in_a_subnet_waits_for_its_routes(network_graph: Graph) -> None:
    # given
    placed = [
        (each, subnet)
        for kind in STARTED
        for each in network_graph.of_type(kind)
        for subnet in subnets_of(network_graph, each)
    ]
    assert {each.type for each, _ in placed} >= {"aws:ecs/service:Service", "aws:scheduler/schedule:Schedule"}

    # then
    early = [each.name for each, subnet in placed if not ways_out(network_graph, subnet) <= before(network_graph, each)]
    assert early == []


def test_nat_waits_for_the_internet_gateway(network_graph: Graph) -> None:
    gateway = network_graph.only("ec2/internetGateway:InternetGateway")
    nat = [*network_graph.of_type("ec2/eip:Eip"), *network_graph.of_type("ec2/natGateway:NatGateway")]
    assert [each.name for each in nat if gateway.urn not in before(network_graph, each)] == []


def test_components_ask_by_their_own_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    # given who queries what
    asked: Counter[tuple[str, bool]] = Counter()
    answer = pulumi.runtime.invoke_output

    def ask(token: str, arguments: Mapping[str, Any], opts: Any = None, **more: Any) -> Any:
        asked[token.rpartition(":")[2], opts is not None and opts.parent is not None] += 1
        return answer(token, arguments, opts=opts, **more)

    monkeypatch.setattr(pulumi.runtime, "invoke_output", ask)

    # when
    record("dev")

    # then only the stack itself queries without a component
    assert {token for token, by_component in asked if by_component} == {"getAvailabilityZones", "getAuthorizationToken"}
    by_stack = {token: times for (token, by_component), times in asked.items() if not by_component}
    assert by_stack == {"getCallerIdentity": 1, "getRegion": 1}
