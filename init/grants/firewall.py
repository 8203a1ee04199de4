"""Permissions on AWS WAF in front of the stack's API."""

from init.grants.grant import Grant, Scope


def firewall(scope: Scope) -> tuple[Grant, ...]:
    """Return the permissions. A web ACL has the stack's name; the stage that it protects has the stack's tag."""
    stages = f"arn:aws:apigateway:{scope.names.region}::/restapis/*/stages/*"
    return (
        Grant(
            "Firewalls",
            scope.arns("wafv2", f"regional/webacl/{scope.prefix}-*/*"),
            reads=["wafv2:GetWebACL", "wafv2:ListTagsForResource"],
            changes=["wafv2:DeleteWebACL", "wafv2:TagResource", "wafv2:UntagResource"],
        ),
        # The second resource stands for AWS's own rule lists, which a web ACL names.
        Grant(
            "FirewallsNameRules",
            scope.arns("wafv2", f"regional/webacl/{scope.prefix}-*/*", "regional/managedruleset/*/*"),
            changes=["wafv2:CreateWebACL", "wafv2:UpdateWebACL"],
        ),
        Grant(
            "FirewallsOfStages",
            [*scope.arns("wafv2", f"regional/webacl/{scope.prefix}-*/*"), stages],
            reads=["wafv2:GetWebACLForResource"],
            changes=["wafv2:AssociateWebACL", "wafv2:DisassociateWebACL"],
        ),
        # WAF does not check a stage's tags, but this permission, which AWS requires in addition, does.
        Grant("StagesOfFirewalls", [stages], changes=["apigateway:SetWebACL"], condition=scope.tagged),
    )
