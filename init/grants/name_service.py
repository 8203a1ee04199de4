"""Permissions on names of servers in the network: Cloud Map, and Route 53 behind it."""

from init.grants.grant import Grant, Scope


def name_service(scope: Scope) -> tuple[Grant, ...]:
    """Return the permissions on namespaces, services and their private zones."""
    return (
        # Cloud Map's ARNs contain generated ids. It creates the namespace's hosted zone with the caller's permissions.
        Grant(
            "NamesAreMade",
            ["*"],
            reads=[
                "servicediscovery:GetOperation", "servicediscovery:ListNamespaces",
                "servicediscovery:ListTagsForResource",
            ],
            changes=[
                "servicediscovery:CreatePrivateDnsNamespace", "servicediscovery:CreateService",
                "servicediscovery:TagResource",
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
    )  # fmt: skip
