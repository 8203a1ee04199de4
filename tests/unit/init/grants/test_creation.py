"""Requests that create resources are authorised only with the stack's tags."""

import pytest

from tests.support.ci_roles import DEPLOY_DEV, request_tag, resource_tag
from tests.support.iam_reference import dependent_actions, kinds_of

NOT_NEEDED = {
    ("cloudtrail:CreateTrail", "iam:CreateServiceLinkedRole"): "trails of an organisation",
    ("cloudtrail:CreateTrail", "organizations:ListAWSServiceAccessForOrganization"): "trails of an organisation",
    ("cloudtrail:UpdateTrail", "iam:CreateServiceLinkedRole"): "trails of an organisation",
    ("cloudtrail:UpdateTrail", "organizations:ListAWSServiceAccessForOrganization"): "trails of an organisation",
    ("kms:CreateKey", "iam:CreateServiceLinkedRole"): "keys of several regions",
    **{
        ("ec2:CreateFlowLogs", f"ecs:List{what}"): "flow logs of ECS's tasks"
        for what in ("Clusters", "ContainerInstances", "Services", "TaskDefinitions", "Tasks")
    },
    **{
        (f"wafv2:{action}", other): "firewalls of other services"
        for action, others in {
            "AssociateWebACL": [
                "apprunner:AssociateWebAcl", "appsync:SetWebACL", "cognito-idp:AssociateWebACL",
                "ec2:AssociateVerifiedAccessInstanceWebAcl", "elasticloadbalancing:SetWebAcl",
            ],
            "DisassociateWebACL": [
                "apprunner:DisassociateWebAcl", "appsync:SetWebACL", "cognito-idp:DisassociateWebACL",
                "ec2:DisassociateVerifiedAccessInstanceWebAcl", "elasticloadbalancing:SetWebAcl",
            ],
            "GetWebACLForResource": [
                "apprunner:DescribeWebAclForService", "cognito-idp:GetWebACLForResource",
                "ec2:GetVerifiedAccessInstanceWebAcl",
            ],
        }.items()
        for other in others
    },
}  # fmt: skip
"""Actions that AWS requires in turn, but not for what the program does."""
ALSO_MADE_IN = {
    "ec2:CreateFlowLogs": {"vpc"},
    "ec2:CreateNatGateway": {"elastic-ip"},
    "ec2:CreateVpcEndpoint": {"route-table", "security-group", "subnet"},
}
"""Resource types that AWS calls optional, and that the program passes."""
MAKERS = sorted(
    action
    for action in DEPLOY_DEV.actions
    if action.startswith("ec2:")
    and any(kind.is_made and kind.is_required for kind in kinds_of(action))
    # It also creates rules, which the program creates separately.
    and not action.startswith("ec2:Authorize")
)


def test_what_aws_asks_for_in_turn_is_granted() -> None:
    lacking = {
        (action, each) for action in DEPLOY_DEV.actions for each in dependent_actions(action) - DEPLOY_DEV.actions
    }
    assert lacking == NOT_NEEDED.keys()


@pytest.mark.parametrize("action", ["kms:CreateKey", "kms:TagResource"])
def test_a_key_is_created_with_the_stacks_tag_alone(action: str) -> None:
    assert DEPLOY_DEV.may(action, "*", request_tag("dev"))
    assert not DEPLOY_DEV.may(action, "*", request_tag("prod"))
    assert not DEPLOY_DEV.may(action, "*", {})


@pytest.mark.parametrize("action", MAKERS)
def test_a_part_of_the_network_is_made_in_the_stacks_own(action: str) -> None:
    # given what AWS checks: the created resource with its tags, and the resource in which it is created
    required = [each for each in kinds_of(action) if each.is_required or each.name in ALSO_MADE_IN.get(action, ())]
    [made] = [each for each in required if each.is_made]
    tagging = {"ec2:CreateAction": action.removeprefix("ec2:")}

    # then it can be created with the stack's tag only
    assert DEPLOY_DEV.may_to_any(action, made, "", request_tag("dev"))
    assert DEPLOY_DEV.may_to_any("ec2:CreateTags", made, "", request_tag("dev") | tagging)
    for keys in (request_tag("prod"), {}):
        assert not DEPLOY_DEV.may_to_any(action, made, "", keys)
        assert not DEPLOY_DEV.may_to_any("ec2:CreateTags", made, "", keys | tagging)

    # and only in resources of the stack, whether or not the request carries the new tags
    for kind in [each for each in required if not each.is_made]:
        for keys in (request_tag("dev"), {}):
            assert DEPLOY_DEV.may_to_any(action, kind, "", resource_tag("dev") | keys)
            assert not DEPLOY_DEV.may_to_any(action, kind, "", resource_tag("prod") | keys)
            assert not DEPLOY_DEV.may_to_any(action, kind, "", keys)
