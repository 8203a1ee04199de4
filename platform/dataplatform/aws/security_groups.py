"""Security groups: outgoing connections of tasks and functions, and incoming connections of servers."""

import ipaddress
from collections.abc import Iterable, Mapping, Sequence

import pulumi
import pulumi_aws as aws

HTTPS = 443
ANYWHERE = "0.0.0.0/0"


def create_outgoing_group(
    name: str,
    who: str,
    vpc_id: pulumi.Input[str],
    *,
    servers: Iterable[tuple[str, int]] = (),
    parent: pulumi.Resource,
) -> aws.ec2.SecurityGroup:
    """Create a group that allows outgoing TCP to AWS and to these servers, and nothing incoming.

    AWS has many addresses, which change, and so may the address behind a server's name; these rules limit only the
    port. The rule for a server that is given by its address allows that address alone.

    Args:
        name: prefix of the resources' names.
        who: the members of the group, for its description.
        vpc_id: the network.
        servers: host and port of each server.
        parent: parent of the resources.
    """
    child = pulumi.ResourceOptions(parent=parent)
    group = aws.ec2.SecurityGroup(f"{name}-firewall", description=f"{who}: out only", vpc_id=vpc_id, opts=child)
    places = {(HTTPS, ANYWHERE), *((port, _range_of(host)) for host, port in servers)}
    for port, place in sorted(places):
        to_one = "" if place == ANYWHERE else f"-{place.partition('/')[0]}"
        aws.vpc.SecurityGroupEgressRule(
            f"{name}-out-{port}{to_one}",
            description="To AWS" if port == HTTPS else "To servers",
            security_group_id=group.id,
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            cidr_ipv4=place,
            opts=child,
        )
    return group


def _range_of(host: str) -> str:
    try:
        return f"{ipaddress.IPv4Address(host)}/32"
    except ValueError:
        return ANYWHERE


def let_in(
    name: str,
    group: aws.ec2.SecurityGroup,
    port: int,
    *,
    groups: Mapping[str, pulumi.Input[str]],
    ranges: Sequence[str],
    parent: pulumi.Resource,
) -> None:
    """Allow security groups (by label) and address ranges to connect to one TCP port."""
    child = pulumi.ResourceOptions(parent=parent)
    for who, allowed in groups.items():
        aws.vpc.SecurityGroupIngressRule(
            f"{name}-from-{who}",
            description=f"From the {who}",
            security_group_id=group.id,
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            referenced_security_group_id=allowed,
            opts=child,
        )
    for index, allowed in enumerate(ranges):
        aws.vpc.SecurityGroupIngressRule(
            f"{name}-from-range-{index}",
            description="From the settings",
            security_group_id=group.id,
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            cidr_ipv4=allowed,
            opts=child,
        )
