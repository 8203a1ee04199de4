"""Ways in which a role could be given more than it has. All of them have to be denied, whichever stack it is about."""

from dataclasses import dataclass, field
from typing import Final

from init.escalations.judge import DEPLOY, DRIFT, MADE, PREVIEW, Keys, Role


@dataclass(frozen=True, slots=True)
class Growth:
    """One way: the actions, each of which has to be denied."""

    role: Role
    what: str
    actions: tuple[str, ...]
    resource: str
    """ARN, with {account} and {region}."""
    keys: Keys = field(default_factory=dict[str, str])
    """Condition keys of the request, their values with the same."""


_ROLE: Final = "arn:aws:iam::{account}:role/data-platform-dev-x"
_CI: Final = "arn:aws:iam::{account}:role/data-platform-ci-deploy-dev"
_BOUNDARY: Final = "arn:aws:iam::{account}:policy/data-platform-boundary-dev"
_OWN_BOUNDARY: Final = "arn:aws:iam::{account}:policy/data-platform-dev-x-boundary-1"
_LIMITS: Final = "arn:aws:iam::{account}:policy/data-platform-dev-x-limits-1"
_OF_CI: Final = "arn:aws:iam::{account}:policy/data-platform-ci-deploy-dev-data"
_ADMINISTRATOR: Final = "arn:aws:iam::aws:policy/AdministratorAccess"
_BOUND: Final = "iam:PermissionsBoundary"
_MADE: Final = ("iam:CreateRole", "iam:PutRolePolicy", "iam:PutRolePermissionsBoundary")
_CHANGED: Final = ("iam:CreatePolicyVersion", "iam:SetDefaultPolicyVersion", "iam:DeletePolicy")
_TRUST: Final = ("iam:UpdateAssumeRolePolicy", "iam:PutRolePolicy", "iam:AttachRolePolicy", "iam:TagRole")

GROWTHS: Final = (
    Growth(DEPLOY, "create a role without a boundary", _MADE, _ROLE),
    Growth(DEPLOY, "create a role with its own boundary", _MADE, _ROLE, {_BOUND: _OWN_BOUNDARY}),
    Growth(DEPLOY, "create a role with a team's limits as its boundary", _MADE, _ROLE, {_BOUND: _LIMITS}),
    Growth(
        DEPLOY,
        "create a role whose name belongs to no stack",
        _MADE,
        "arn:aws:iam::{account}:role/x",
        {_BOUND: _BOUNDARY},
    ),
    Growth(DEPLOY, "create a policy that could be a boundary", ("iam:CreatePolicy", *_CHANGED), _OWN_BOUNDARY),
    Growth(DEPLOY, "change the boundary", ("iam:CreatePolicy", *_CHANGED), _BOUNDARY),
    Growth(DEPLOY, "change a CI policy", ("iam:CreatePolicy", *_CHANGED), _OF_CI),
    Growth(DEPLOY, "remove a role's boundary", ("iam:DeleteRolePermissionsBoundary",), _ROLE, {_BOUND: _BOUNDARY}),
    Growth(
        DEPLOY,
        "attach an AWS or CI policy",
        ("iam:AttachRolePolicy",),
        _ROLE,
        {_BOUND: _BOUNDARY, "iam:PolicyARN": _ADMINISTRATOR},
    ),
    Growth(
        DEPLOY,
        "attach limits to a role without a boundary",
        ("iam:AttachRolePolicy",),
        _ROLE,
        {"iam:PolicyARN": _LIMITS},
    ),
    Growth(DEPLOY, "change CI roles, their trust or their tags", (*_TRUST, "iam:DeleteRolePolicy"), _CI),
    Growth(
        DEPLOY, "pass a CI role to a service", ("iam:PassRole",), _CI, {"iam:PassedToService": "lambda.amazonaws.com"}
    ),
    Growth(
        DEPLOY,
        "pass a role to a service that the program does not use",
        ("iam:PassRole",),
        _ROLE,
        {"iam:PassedToService": "ec2.amazonaws.com"},
    ),
    Growth(DEPLOY, "assume another role", ("sts:AssumeRole", "sts:TagSession"), _CI),
    Growth(
        DEPLOY,
        "create users or access keys",
        ("iam:CreateUser", "iam:CreateAccessKey", "iam:CreateLoginProfile"),
        "arn:aws:iam::{account}:user/x",
    ),
    Growth(
        MADE,
        "change any role, policy or user",
        (*_MADE, *_TRUST, *_CHANGED, "iam:CreatePolicy", "iam:DeleteRolePermissionsBoundary", "iam:CreateUser"),
        "*",
        {_BOUND: _BOUNDARY},
    ),
    Growth(
        MADE,
        "assume another role as the tag of a team would allow",
        ("sts:AssumeRole", "sts:TagSession"),
        "arn:aws:iam::{account}:role/data-platform-prod-x",
        {"aws:PrincipalTag/team": "x"},
    ),
    Growth(
        MADE, "pass a CI role to a service", ("iam:PassRole",), _CI, {"iam:PassedToService": "ecs-tasks.amazonaws.com"}
    ),
    Growth(
        MADE,
        "read a parameter that does not belong to the stack",
        ("ssm:GetParameter", "ssm:GetParametersByPath"),
        "arn:aws:ssm:{region}:{account}:parameter/payroll/password",
    ),
    Growth(
        PREVIEW,
        "read the value of an API key",
        ("apigateway:GET",),
        "arn:aws:apigateway:{region}::/apikeys/x",
        {"aws:ResourceTag/stack": "dev"},
    ),
    Growth(
        PREVIEW,
        "read the keys of a usage plan",
        ("apigateway:GET",),
        "arn:aws:apigateway:{region}::/usageplans/x/keys",
        {"aws:ResourceTag/stack": "dev"},
    ),
    Growth(
        PREVIEW,
        "read a parameter, secret or not",
        ("ssm:GetParameter", "ssm:GetParameters", "ssm:GetParametersByPath", "ssm:GetParameterHistory"),
        "arn:aws:ssm:{region}:{account}:parameter/data-platform/dev/x",
    ),
    Growth(
        PREVIEW,
        "decrypt with the platform's key",
        ("kms:Decrypt", "kms:CreateGrant", "kms:ReEncryptFrom"),
        "arn:aws:kms:{region}:{account}:key/x",
        {"aws:ResourceTag/stack": "dev"},
    ),
    Growth(
        PREVIEW,
        "read landed objects, tables or messages",
        ("s3:GetObject", "dynamodb:GetItem", "sqs:ReceiveMessage", "athena:StartQueryExecution"),
        "*",
    ),
    *(
        Growth(role, "list the values of API keys", ("apigateway:GET",), "arn:aws:apigateway:{region}::/apikeys")
        for role in (PREVIEW, DRIFT, DEPLOY)
    ),
)
