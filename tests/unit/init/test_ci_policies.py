"""What CI's roles may do to resources outside their stack, if every condition applies."""

import pytest

from init.grants import grants
from init.names import OWN_TAGS
from tests.support.ci_roles import (
    ACCOUNT,
    DEPLOY_DEV,
    DEPLOY_PROD,
    DRIFT_DEV,
    DRIFT_PROD,
    NAMES,
    PREVIEW_DEV,
    PREVIEW_PROD,
    REGION,
    CiRole,
    request_tag,
    resource_tag,
)
from tests.support.iam_reference import kinds_of

KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/somebodys"
GLUE_CATALOGUE = "one for the account; what is done to it is asked for the database and the table, too"
ASKED_TWICE = "asked for on the resource that is tagged, too"
OPEN_TO_OTHER_STACKS = {
    "apigateway Tags": ASKED_TWICE,
    "glue rootcatalog": GLUE_CATALOGUE,
    "wafv2 apigateway": "AWS asks for apigateway:SetWebACL as well, which the stage's tag bounds",
    "route53 hostedzone": "Route 53 has no tags in its requests, and refuses to delete a zone that Cloud Map made",
}
"""Resource types of another stack that a role can reach, and why they are not closed."""
OPEN_WITHOUT_RESOURCE = {
    "ecs:DeregisterTaskDefinition": "AWS asks for no resource",
    "kms:CreateKey": "makes",
    "lambda:CreateEventSourceMapping": "makes, for a function of the stack alone",
    "route53:CreateHostedZone": "makes",
    "servicediscovery:CreatePrivateDnsNamespace": "makes",
    "servicediscovery:TagResource": "AWS asks for no resource",
    "sns:SetSubscriptionAttributes": "AWS asks for no resource",
    "sns:Unsubscribe": "AWS asks for no resource",
}
"""Changes for which AWS names no resource, so stacks cannot be told apart."""
OPEN_WITHOUT_TAGS = {
    ("apigateway:GET", "Tags"): "a list of tags",
    ("apigateway:POST", "ApiKeys"): "makes",
    ("apigateway:POST", "RestApis"): "makes",
    ("apigateway:POST", "UsagePlans"): "makes",
    ("apigateway:PUT", "Tags"): ASKED_TWICE,
    ("ec2:CreateTags", "security-group"): "a VPC's default group comes without tags",
    ("ec2:CreateTags", "security-group-rule"): "the provider tags a rule after it made it",
    ("ec2:DeleteNetworkInterface", "network-interface"): "Lambda leaves its interfaces behind, without tags",
    ("ec2:DetachNetworkInterface", "network-interface"): "asked for the instance too, which is not granted",
    ("ec2:RevokeSecurityGroupEgress", "security-group"): "a VPC's default group comes without tags",
    ("ec2:RevokeSecurityGroupIngress", "security-group"): "a VPC's default group comes without tags",
    ("kms:TagResource", "key"): "a key that is being created has neither tags nor an alias",
}
"""Return the allowed changes of resources without a stack's tag, without resources that the action creates."""
ROLES = [
    pytest.param(DEPLOY_DEV, "prod", id="deploy dev"),
    pytest.param(DEPLOY_PROD, "dev", id="deploy prod"),
    pytest.param(PREVIEW_DEV, "prod", id="preview dev"),
    pytest.param(PREVIEW_PROD, "dev", id="preview prod"),
    pytest.param(DRIFT_DEV, "prod", id="drift dev"),
    pytest.param(DRIFT_PROD, "dev", id="drift prod"),
]


@pytest.mark.parametrize(("role", "other"), ROLES)
def test_role_reaches_nothing_of_another_stack(role: CiRole, other: str) -> None:
    # given every action of the role on every type of resource, with the other stack's name and tag
    reached = role.open_to(other, resource_tag(other))

    # then only the listed types are open
    kinds = {f"{action.partition(':')[0]} {kind}" for action, kind in reached}
    assert kinds - OPEN_TO_OTHER_STACKS.keys() == set()


def test_every_kind_listed_as_open_to_other_stacks_is_open() -> None:
    reached = DEPLOY_DEV.open_to("prod", resource_tag("prod"))
    assert {f"{action.partition(':')[0]} {kind}" for action, kind in reached} == OPEN_TO_OTHER_STACKS.keys()


def test_changes_that_name_no_resource_are_known() -> None:
    changes = {action for part in grants(NAMES, "dev").values() for grant in part for action in grant.changes}
    assert {action for action in changes if not kinds_of(action)} == OPEN_WITHOUT_RESOURCE.keys()


def test_resources_without_a_tag_are_out_of_reach() -> None:
    # given resources of the account that no stack created
    reached = DEPLOY_DEV.open_to("", {})

    # then only types without tags are open
    made = {(action, kind.name) for action in DEPLOY_DEV.actions for kind in kinds_of(action) if kind.is_made}
    by_tags = {(action, kind) for action, kind in reached if action in DEPLOY_DEV.decided_by_tags}
    assert by_tags - made == OPEN_WITHOUT_TAGS.keys()


@pytest.mark.parametrize(
    "role", [DEPLOY_DEV, DEPLOY_PROD, PREVIEW_DEV, PREVIEW_PROD, DRIFT_DEV], ids=lambda role: role.stack
)
def test_keys_of_the_bootstrap_are_out_of_reach(role: CiRole) -> None:
    tags = {f"aws:ResourceTag/{name}": value for name, value in OWN_TAGS.items()}
    actions = {action for action in role.actions if action.startswith("kms:")}
    open_actions = {action for action in actions if role.may(action, KEY, tags | request_tag(role.stack))}
    # Creating a key is checked against no key.
    assert open_actions - {"kms:CreateKey", "kms:ListAliases"} == set()


def test_a_key_with_an_alias_cannot_be_tagged() -> None:
    assert not DEPLOY_DEV.may("kms:TagResource", KEY, request_tag("dev") | {"kms:ResourceAliases": "alias/payroll"})


@pytest.mark.parametrize("action", ["ec2:CreateTags", "kms:TagResource"])
def test_a_resource_of_the_stack_keeps_its_tag(action: str) -> None:
    # given a resource of the stack
    [kind] = [each for each in kinds_of(action) if each.name in {"vpc", "key"}]

    # then it may get other tags and the same tag, but not another stack's
    for keys, is_allowed in ((request_tag("dev"), True), ({}, True), (request_tag("prod"), False)):
        assert DEPLOY_DEV.may_to_any(action, kind, "dev", resource_tag("dev") | keys) is is_allowed


@pytest.mark.parametrize("role", [DEPLOY_DEV, PREVIEW_DEV], ids=["deploy", "preview"])
def test_alarms_are_described_on_all_of_the_region(role: CiRole) -> None:
    assert role.may("cloudwatch:DescribeAlarms", f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:*", {})
