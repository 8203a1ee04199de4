"""The network."""

from typing import Final

from init.grants.grant import Grant, Scope

_MADE_BY: Final = {
    "elastic-ip": "AllocateAddress",
    "internet-gateway": "CreateInternetGateway",
    "natgateway": "CreateNatGateway",
    "route-table": "CreateRouteTable",
    "security-group": "CreateSecurityGroup",
    "subnet": "CreateSubnet",
    "vpc": "CreateVpc",
    "vpc-endpoint": "CreateVpcEndpoint",
    "vpc-flow-log": "CreateFlowLogs",
}
"""Kinds of resources, and the operation that makes each."""


def network(scope: Scope) -> tuple[Grant, ...]:
    """The VPC and what is in it."""
    resources = scope.arns("ec2", *(f"{kind}/*" for kind in (*_MADE_BY, "security-group-rule")))
    return (
        # Describing knows no resources.
        Grant(
            "NetworkIsDescribed",
            ["*"],
            reads=[
                "ec2:DescribeAddresses", "ec2:DescribeAddressesAttribute", "ec2:DescribeAvailabilityZones",
                "ec2:DescribeFlowLogs",
                "ec2:DescribeInternetGateways", "ec2:DescribeNatGateways", "ec2:DescribeNetworkAcls",
                "ec2:DescribeNetworkInterfaces", "ec2:DescribePrefixLists", "ec2:DescribeRegions",
                "ec2:DescribeRouteTables",
                "ec2:DescribeSecurityGroupRules", "ec2:DescribeSecurityGroups", "ec2:DescribeSubnets",
                "ec2:DescribeTags", "ec2:DescribeVpcAttribute", "ec2:DescribeVpcEndpoints", "ec2:DescribeVpcs",
            ],
        ),
        *_made(scope),
        Grant(
            "Network",
            resources,
            changes=[
                # What is made is made in something: a subnet in a VPC.
                *(f"ec2:{operation}" for operation in _MADE_BY.values()),
                "ec2:AssociateRouteTable", "ec2:AttachInternetGateway", "ec2:AuthorizeSecurityGroupEgress",
                "ec2:AuthorizeSecurityGroupIngress", "ec2:CreateRoute", "ec2:CreateTags", "ec2:DeleteFlowLogs",
                "ec2:DeleteInternetGateway",
                "ec2:DeleteNatGateway", "ec2:DeleteRoute", "ec2:DeleteRouteTable", "ec2:DeleteSecurityGroup",
                "ec2:DeleteSubnet", "ec2:DeleteTags", "ec2:DeleteVpc", "ec2:DeleteVpcEndpoints",
                "ec2:DetachInternetGateway", "ec2:DisassociateAddress", "ec2:DisassociateRouteTable",
                "ec2:ModifySecurityGroupRules",
                "ec2:ModifySubnetAttribute", "ec2:ModifyVpcAttribute", "ec2:ModifyVpcEndpoint", "ec2:ReleaseAddress",
                "ec2:ReplaceRoute", "ec2:ReplaceRouteTableAssociation", "ec2:RevokeSecurityGroupEgress",
                "ec2:RevokeSecurityGroupIngress",
            ],
            condition=scope.tagged,
        ),
        # A VPC's default group comes without tags; it is taken over to be emptied.
        Grant(
            "DefaultSecurityGroupIsTakenOver",
            scope.arns("ec2", "security-group/*"),
            changes=["ec2:RevokeSecurityGroupEgress", "ec2:RevokeSecurityGroupIngress"],
            condition=scope.untagged,
        ),
        # Lambda leaves its interfaces behind, without tags, and they keep a group or a subnet from being deleted.
        # Without a right to instances, none is detached from one.
        Grant(
            "InterfacesLeftBehindAreDeleted",
            scope.arns("ec2", "network-interface/*"),
            changes=["ec2:DeleteNetworkInterface", "ec2:DetachNetworkInterface"],
            condition=scope.untagged,
        ),
    )  # fmt: skip


def _made(scope: Scope) -> list[Grant]:
    """To make and to tag. Each operation only for the kind that it makes: what it is made in has to be the stack's."""
    made = [
        Grant(
            f"{operation}WithTheStacksTag",
            scope.arns("ec2", f"{kind}/*"),
            changes=[f"ec2:{operation}"],
            condition=scope.tagging,
        )
        for kind, operation in _MADE_BY.items()
    ]
    # Whoever may tag what exists can take it over. So tags come with creation, where EC2 takes them there.
    at_creation = {
        "StringEquals": {**scope.tagging["StringEquals"], "ec2:CreateAction": list(_MADE_BY.values())},
    }
    return [
        *made,
        Grant(
            "NetworkIsTaggedAsItIsMade",
            scope.arns("ec2", *(f"{kind}/*" for kind in _MADE_BY)),
            changes=["ec2:CreateTags"],
            condition=at_creation,
        ),
        # The provider tags rules after it made them, and the default group that came with the VPC.
        Grant(
            "RulesAndDefaultGroupAreTagged",
            scope.arns("ec2", "security-group/*", "security-group-rule/*"),
            changes=["ec2:CreateTags"],
            condition={**scope.tagging, **scope.untagged},
        ),
    ]
