"""The network."""

from init.grants.grant import Grant, Scope


def network(scope: Scope) -> tuple[Grant, ...]:
    """The VPC and what is in it."""
    kinds = (
        "elastic-ip", "internet-gateway", "natgateway", "route-table", "security-group", "security-group-rule",
        "subnet", "vpc", "vpc-endpoint", "vpc-flow-log",
    )  # fmt: skip
    resources = scope.arns("ec2", *(f"{kind}/*" for kind in kinds))
    creates = [
        "ec2:AllocateAddress", "ec2:CreateFlowLogs", "ec2:CreateInternetGateway", "ec2:CreateNatGateway",
        "ec2:CreateRouteTable",
        "ec2:CreateSecurityGroup", "ec2:CreateSubnet", "ec2:CreateVpc", "ec2:CreateVpcEndpoint",
    ]  # fmt: skip
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
        # Creating asks for the right to what is made, which brings its tags, and to what it is made in, which has them.
        Grant("NetworkIsMade", resources, changes=[*creates, "ec2:CreateTags"], condition=scope.tagging),
        Grant(
            "Network",
            resources,
            changes=[
                *creates,
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
        # Cloud Map's ARNs hold ids that it makes up; it makes the namespace's hosted zone with the caller's rights.
        Grant(
            "NamesAreMade",
            ["*"],
            reads=[
                "servicediscovery:GetOperation", "servicediscovery:ListNamespaces",
                "servicediscovery:ListTagsForResource",
            ],
            changes=[
                "servicediscovery:CreatePrivateDnsNamespace", "servicediscovery:CreateService",
                "servicediscovery:TagResource", "servicediscovery:UntagResource",
            ],
        ),
        Grant(
            "Names",
            scope.arns("servicediscovery", "namespace/*", "service/*"),
            reads=["servicediscovery:GetNamespace", "servicediscovery:GetService"],
            changes=[
                "servicediscovery:DeleteNamespace", "servicediscovery:DeleteService",
                "servicediscovery:UpdatePrivateDnsNamespace", "servicediscovery:UpdateService",
            ],
        ),
        Grant(
            "PrivateZones",
            ["arn:aws:route53:::hostedzone/*", f"arn:aws:ec2:{scope.names.region}:{scope.names.account}:vpc/*"],
            reads=["route53:GetHostedZone"],
            changes=["route53:AssociateVPCWithHostedZone", "route53:DeleteHostedZone"],
        ),
        Grant(
            "PrivateZonesAreMade",
            ["*"],
            reads=["route53:ListHostedZonesByName"],
            changes=["route53:CreateHostedZone"],
        ),
        # A VPC's default group comes without tags; it is taken over to be emptied.
        Grant(
            "DefaultSecurityGroupIsTakenOver",
            scope.arns("ec2", "security-group/*"),
            changes=["ec2:RevokeSecurityGroupEgress", "ec2:RevokeSecurityGroupIngress"],
            condition={"Null": {"aws:ResourceTag/stack": "true"}},
        ),
        # Lambda leaves its interfaces behind, without tags, and they keep a group or a subnet from being deleted.
        # Without a right to instances, none is detached from one.
        Grant(
            "InterfacesLeftBehindAreDeleted",
            scope.arns("ec2", "network-interface/*"),
            changes=["ec2:DeleteNetworkInterface", "ec2:DetachNetworkInterface"],
            condition={"Null": {"aws:ResourceTag/stack": "true"}},
        ),
    )  # fmt: skip
