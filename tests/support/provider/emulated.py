"""What the real AWS provider needs with the emulator: sessions of CI's roles, and a changed document."""

import copy
import json
from collections.abc import Mapping
from typing import Any, Final

from emulation.aws.emulator import Emulator
from init.boundary import boundary_document
from init.documents import Document
from init.names import Names
from ops.stack.target import local_session
from tests.emulator.init.test_deploys import as_the_emulator_understands_it
from tests.support.emulators import REGION
from tests.support.recording import ACCOUNT as RECORDED_ACCOUNT

ACCOUNT: Final = "000000000000"
NAMES: Final = Names("acme-state", REGION, ACCOUNT, "acme/data-platform")
KEY: Final = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/11111111-1111-1111-1111-111111111111"
# The emulator checks some actions under the request's name, where AWS uses another.
_ASKED_AS: Final = {
    "budgets:ModifyBudget": (
        "budgets:CreateBudget", "budgets:UpdateBudget", "budgets:DeleteBudget", "budgets:CreateNotification",
        "budgets:DeleteNotification",
    ),
    "budgets:ViewBudget": (
        "budgets:DescribeBudget", "budgets:DescribeNotificationsForBudget",
        "budgets:DescribeSubscribersForNotification",
    ),
    "lambda:GetLayerVersion": ("lambda:ListLayers",),
    "lambda:GetEventSourceMapping": ("lambda:ListEventSourceMappings",),
}  # fmt: skip
# Of these requests the emulator does not read which resource they are about.
_ABOUT_ANYTHING: Final = {
    "budgets:ListTagsForResource", "budgets:TagResource", "budgets:UntagResource",
    "cloudwatch:DeleteAlarms", "cloudwatch:DeleteDashboards", "cloudwatch:DescribeAlarms", "cloudwatch:GetDashboard",
    "cloudwatch:ListTagsForResource", "cloudwatch:TagResource", "cloudwatch:UntagResource",
    "dynamodb:ListTagsOfResource", "dynamodb:TagResource", "dynamodb:UntagResource",
    "ecr:DescribeRepositories", "ecr:ListTagsForResource", "ecr:TagResource", "ecr:UntagResource",
    "sns:ListTagsForResource", "sns:TagResource", "sns:UntagResource",
}  # fmt: skip

Policies = Mapping[str, Document]


def without(policies: Policies, action: str) -> dict[str, Document]:
    """Return the policies of a role that lacks an action."""
    kept = {name: copy.deepcopy(document) for name, document in policies.items()}
    for statement in (each for document in kept.values() for each in document["Statement"]):
        statement["Action"] = [each for each in statement["Action"] if each != action]
    return kept


def session_of(emulator: Emulator, role: str, policies: Policies) -> dict[str, str]:
    """Return the environment of a role with some policies, as far as the emulator supports them."""
    root = local_session(REGION)
    iam = root.client("iam", endpoint_url=emulator.endpoint)
    sts = root.client("sts", endpoint_url=emulator.endpoint)
    trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sts:AssumeRole"}
    arn = iam.create_role(RoleName=role, AssumeRolePolicyDocument=_document(trust))["Role"]["Arn"]
    for name, document in policies.items():
        understood = json.dumps(as_the_emulator_understands_it(document))
        iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=understood)
    more = _document(what_the_emulator_asks_otherwise(policies))
    iam.put_role_policy(RoleName=role, PolicyName="asked-otherwise", PolicyDocument=more)
    keys = sts.assume_role(RoleArn=arn, RoleSessionName="judged")["Credentials"]
    return {
        "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
        "AWS_SESSION_TOKEN": keys["SessionToken"],
        "AWS_ENDPOINT_URL": emulator.endpoint,
        "AWS_MAX_ATTEMPTS": "2",
    }


def what_the_emulator_asks_otherwise(policies: Policies) -> dict[str, Any]:
    """Return a statement of actions that the emulator names differently or checks on no resource."""
    allowed = {
        action for document in policies.values() for statement in document["Statement"]
        if statement["Effect"] == "Allow" for action in statement["Action"]
    }  # fmt: skip
    actions = {name for action in allowed for name in _ASKED_AS.get(action, ())} | (allowed & _ABOUT_ANYTHING)
    return {"Effect": "Allow", "Action": sorted(actions), "Resource": "*"}


def make_boundary(emulator: Emulator, stack: str) -> None:
    """Create the policy that bounds the stack's roles, as the bootstrap does."""
    iam = local_session(REGION).client("iam", endpoint_url=emulator.endpoint)
    iam.create_policy(PolicyName=NAMES.boundary(stack), PolicyDocument=json.dumps(boundary_document(NAMES, stack)))


def for_the_emulator(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a configuration in the form that the emulator accepts."""
    adapted: dict[str, Any] = json.loads(json.dumps(document).replace(RECORDED_ACCOUNT, ACCOUNT))
    adapted["provider"]["aws"]["skip_requesting_account_id"] = False
    resources = adapted["resource"]
    for body in (body for bodies in resources.values() for body in bodies.values()):
        if "SecureTransport" in body.get("policy", ""):
            body["policy"] = _without_denied_http(body["policy"])
    for body in resources.get("aws_api_gateway_api_key", {}).values():
        # The emulator generates none.
        body.setdefault("value", "0" * 30)
    for body in resources.get("aws_service_discovery_service", {}).values():
        # AWS reads it from there; the emulator does not.
        body["namespace_id"] = body["dns_config"][0]["namespace_id"]
    return adapted


def changed(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the configuration after a change of all tags and of each firewall rule."""
    after = copy.deepcopy(dict(document))
    after["provider"]["aws"]["default_tags"] = [{"tags": {"changed": "yes"}}]
    for direction in ("ingress", "egress"):
        for body in after["resource"].get(f"aws_vpc_security_group_{direction}_rule", {}).values():
            body["description"] = "changed"
    return after


def _without_denied_http(policy: str) -> str:
    """Remove statements about TLS, which the emulator lacks. It refuses a policy without a statement."""
    statements = [each for each in json.loads(policy)["Statement"] if "SecureTransport" not in json.dumps(each)]
    nothing = {"Effect": "Deny", "Principal": "*", "Action": "s3:GetObjectTorrent", "Resource": "*"}
    return _document(*statements or [nothing])


def _document(*statements: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})
