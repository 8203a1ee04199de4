"""The network: the zones of its subnets, what its endpoints allow, and where its tasks and functions may connect."""

from typing import Any

import pytest
from ministack.core.iam_evaluator import EvalContext, evaluate, parse_policy_document

from tests.support.recording import ACCOUNT, LOCAL_ZONE, Graph, record

REGION = "eu-west-1"
ANYWHERE = "0.0.0.0/0"


def test_no_subnet_is_in_a_local_zone(graph: Graph) -> None:
    # given an account that enabled a Local Zone, which AWS lists among the available zones
    subnets = graph.of_type("ec2/subnet:Subnet")
    assert subnets

    # then
    assert LOCAL_ZONE not in {subnet.inputs["availabilityZone"] for subnet in subnets}


def passes(graph: Graph, service: str, action: str, resource: str, account: str = ACCOUNT) -> bool:
    """Return true if an account's principal may do this through an endpoint."""
    policy = graph.policies()[f"data-platform-{graph.stack}-network-{service}-gateway.policy"]
    principal = f"arn:aws:sts::{account}:assumed-role/any/x"
    context = EvalContext(principal, "AssumedRole", account, action, resource, REGION)
    return evaluate(context, [parse_policy_document({"Statement": policy})]).decision == "Allow"


def actions_in_the_network(graph: Graph, service: str) -> set[str]:
    """Return what roles inside the network are allowed on a service."""
    return {
        action
        for where, statements in graph.policies().items()
        if "-collector-sftp-" in where or "-extraction-task-" in where
        for statement in statements
        for action in statement.get("Action", ())
        if action.startswith(f"{service}:")
    }


@pytest.mark.parametrize(
    ("service", "place"),
    [
        ("s3", "arn:aws:s3:::data-platform-{stack}-bucket-1234567/inbound/x"),
        ("dynamodb", "arn:aws:dynamodb:{region}:{account}:table/data-platform-{stack}-x"),
    ],
)
def test_endpoint_passes_what_roles_do_in_the_network(cloud_graph: Graph, service: str, place: str) -> None:
    # given everything that the collector and the extraction may do
    own = place.format(stack=cloud_graph.stack, region=REGION, account=ACCOUNT)
    actions = actions_in_the_network(cloud_graph, service)
    assert actions

    # then the endpoint allows it, and no principal of another account
    assert {action for action in actions if not passes(cloud_graph, service, action, own)} == set()
    assert not any(passes(cloud_graph, service, action, own, "999999999999") for action in actions)


@pytest.mark.parametrize(
    ("service", "action", "place"),
    [
        ("s3", "s3:PutObject", "arn:aws:s3:::somebodys-bucket/x"),
        ("s3", "s3:PutObject", f"arn:aws:s3:::prod-{REGION}-starport-layer-bucket/x"),
        ("s3", "s3:DeleteObject", "arn:aws:s3:::data-platform-dev-bucket-1234567/x"),
        ("dynamodb", "dynamodb:PutItem", f"arn:aws:dynamodb:{REGION}:999999999999:table/data-platform-dev-x"),
    ],
)
def test_endpoint_passes_nothing_to_another_account(graph_of: Any, service: str, action: str, place: str) -> None:
    assert not passes(graph_of("dev"), service, action, place)


def test_endpoint_asks_whose_a_bucket_is(cloud_graph: Graph) -> None:
    # given that the evaluator treats every bucket as the caller's
    [own, _] = cloud_graph.policies()[f"data-platform-{cloud_graph.stack}-network-s3-gateway.policy"]
    assert own["Condition"]["StringEquals"]["aws:ResourceAccount"] == ACCOUNT


def test_tasks_pull_their_images_through_the_endpoint(cloud_graph: Graph) -> None:
    layer = f"arn:aws:s3:::prod-{REGION}-starport-layer-bucket/x"
    assert passes(cloud_graph, "s3", "s3:GetObject", layer, account="123412341234")


def outgoing(graph: Graph, who: str) -> set[tuple[int, str]]:
    """Return port and addresses of each rule for outgoing connections."""
    rules = graph.of_type("vpc/securityGroupEgressRule:SecurityGroupEgressRule")
    found = [each.inputs for each in rules if f"-{who}-out-" in each.name]
    assert all(each["fromPort"] == each["toPort"] and each["ipProtocol"] == "tcp" for each in found)
    return {(int(each["fromPort"]), each["cidrIpv4"]) for each in found}


def test_extraction_connects_to_aws_and_its_servers_alone() -> None:
    # given a server known by its name, and one known by its address
    server = {"database": "office", "user": "x", "passwordParameter": "/x", "certificate": CERTIFICATE}
    databases = {
        "office": {**server, "host": "sql.partner.example", "port": 14330},
        "shop": {**server, "host": "198.51.100.7"},
    }
    graph = record("dev", databases=databases, sources={"desiredCount": 0})

    # then
    assert outgoing(graph, "extraction") == {(443, ANYWHERE), (14330, ANYWHERE), (1433, "198.51.100.7/32")}


def test_nothing_in_the_network_connects_to_every_port(graph: Graph) -> None:
    rules = graph.of_type("vpc/securityGroupEgressRule:SecurityGroupEgressRule")
    assert rules
    assert [each.name for each in rules if each.inputs["fromPort"] != each.inputs["toPort"]] == []


CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
