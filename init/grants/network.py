"""Permissions on the network."""

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
"""Kinds of resources, with the operation that creates each."""


def network(scope: Scope) -> tuple[Grant, ...]:
    """Return the permissions on the VPC and its contents."""
    resources = scope.arns("ec2", *(f"{kind}/*" for kind in (*_MADE_BY, "security-group-rule")))
    return (
        # Describe actions do not support resources.
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
                # Each create action also requires permission on the container, such as the VPC of a subnet.
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
        # A VPC's default group has no tags. The program adopts it and removes its rules.
        Grant(
            "DefaultSecurityGroupIsTakenOver",
            scope.arns("ec2", "security-group/*"),
            changes=["ec2:RevokeSecurityGroupEgress", "ec2:RevokeSecurityGroupIngress"],
            condition=scope.untagged,
        ),
        # Lambda leaves untagged interfaces behind, which block the deletion of a group or subnet. Without permissions
        # on instances, no interface can be detached from one.
        Grant(
            "InterfacesLeftBehindAreDeleted",
            scope.arns("ec2", "network-interface/*"),
            changes=["ec2:DeleteNetworkInterface", "ec2:DetachNetworkInterface"],
            condition=scope.untagged,
        ),
    )  # fmt: skip


def _made(scope: Scope) -> list[Grant]:
    """Return the permissions to create and tag. Each operation covers only the kind of resource that it creates."""
    made = [
        Grant(
            f"{operation}WithTheStacksTag",
            scope.arns("ec2", f"{kind}/*"),
            changes=[f"ec2:{operation}"],
            condition=scope.tagging,
        )
        for kind, operation in _MADE_BY.items()
    ]
    # Whoever may tag existing resources can take them over. So tags are set at creation wherever EC2 supports that.
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
        # The provider tags rules after it created them, and the default group, which came with the VPC.
        Grant(
            "RulesAndDefaultGroupAreTagged",
            scope.arns("ec2", "security-group/*", "security-group-rule/*"),
            changes=["ec2:CreateTags"],
            condition={**scope.tagging, **scope.untagged},
        ),
    ]
