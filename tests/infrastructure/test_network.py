"""The zones of the network's subnets."""

from tests.support.recording import LOCAL_ZONE, Graph


def test_no_subnet_is_in_a_local_zone(graph: Graph) -> None:
    # given an account that opted in to a Local Zone, which AWS lists among the available zones
    subnets = graph.of_type("ec2/subnet:Subnet")
    assert subnets

    # then
    assert LOCAL_ZONE not in {subnet.inputs["availabilityZone"] for subnet in subnets}
