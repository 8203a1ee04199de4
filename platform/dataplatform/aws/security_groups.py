"""Security groups: what goes out of a task or a function, and what a server lets in."""

from collections.abc import Mapping, Sequence

import pulumi
import pulumi_aws as aws


def create_outgoing_group(
    name: str, who: str, vpc_id: pulumi.Input[str], *, parent: pulumi.Resource
) -> aws.ec2.SecurityGroup:
    """A group that lets everything out over TCP, and nothing in."""
    child = pulumi.ResourceOptions(parent=parent)
    group = aws.ec2.SecurityGroup(f"{name}-firewall", description=f"{who}: out only", vpc_id=vpc_id, opts=child)
    aws.vpc.SecurityGroupEgressRule(
        f"{name}-out",
        description="To servers and AWS",
        security_group_id=group.id,
        ip_protocol="tcp",
        from_port=0,
        to_port=65535,
        cidr_ipv4="0.0.0.0/0",
        opts=child,
    )
    return group


def let_in(
    name: str,
    group: aws.ec2.SecurityGroup,
    port: int,
    *,
    groups: Mapping[str, pulumi.Input[str]],
    ranges: Sequence[str],
    parent: pulumi.Resource,
) -> None:
    """Let other groups, by what they are, and ranges of addresses connect to one TCP port."""
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
