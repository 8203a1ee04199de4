"""Permissions on logs, alarms, the audit trail, parameters and roles."""

from typing import Final

from init.grants.grant import Grant, Scope
from init.names import PROJECT

PASSED_TO: Final = (
    "cloudtrail.amazonaws.com",
    "ecs-tasks.amazonaws.com",
    "events.amazonaws.com",
    "glue.amazonaws.com",
    "lambda.amazonaws.com",
    "scheduler.amazonaws.com",
    "vpc-flow-logs.amazonaws.com",
)
"""Services to which the platform passes roles."""


def logs(scope: Scope) -> tuple[Grant, ...]:
    """Return the permissions on log groups, alarms and dashboards."""
    # The program's groups are named /data-platform-…; Lambda's and Glue's own groups are not deployed.
    groups = scope.arns("logs", f"log-group:/{scope.prefix}-*")
    return (
        Grant(
            "LogGroups",
            groups,
            reads=["logs:ListTagsForResource"],
            changes=[
                "logs:AssociateKmsKey", "logs:CreateLogGroup", "logs:DeleteLogGroup", "logs:DeleteMetricFilter",
                "logs:DeleteRetentionPolicy", "logs:DisassociateKmsKey", "logs:PutMetricFilter",
                "logs:PutRetentionPolicy", "logs:TagResource", "logs:UntagResource",
            ],
        ),
        Grant(
            "LogGroupsAreListed",
            ["*"],
            reads=["logs:DescribeLogGroups", "logs:DescribeMetricFilters"],
        ),
        Grant(
            "Alarms",
            scope.arns("cloudwatch", f"alarm:{scope.prefix}-*"),
            reads=["cloudwatch:ListTagsForResource"],
            changes=["cloudwatch:DeleteAlarms", "cloudwatch:TagResource", "cloudwatch:UntagResource"],
        ),
        # An alarm may publish only to its own stack's topics.
        Grant(
            "AlarmsRing",
            scope.arns("cloudwatch", f"alarm:{scope.prefix}-*"),
            changes=["cloudwatch:PutMetricAlarm"],
            condition={"ForAllValues:StringLike": {"cloudwatch:AlarmActions": scope.arns("sns", f"{scope.prefix}-*")}},
        ),
        # Listing requires permission on all alarms of the region, whichever are named.
        Grant("AlarmsAreDescribed", ["*"], reads=["cloudwatch:DescribeAlarms"]),
        Grant(
            "Dashboards",
            [f"arn:aws:cloudwatch::{scope.names.account}:dashboard/{scope.prefix}*"],
            reads=["cloudwatch:GetDashboard"],
            changes=["cloudwatch:DeleteDashboards", "cloudwatch:PutDashboard"],
        ),
    )  # fmt: skip


def budgets(scope: Scope) -> tuple[Grant, ...]:
    """Return the permissions on the budget for the account's costs."""
    return (
        Grant(
            "Budgets",
            [f"arn:aws:budgets::{scope.names.account}:budget/{scope.prefix}*"],
            reads=["budgets:ListTagsForResource", "budgets:ViewBudget"],
            changes=["budgets:ModifyBudget", "budgets:TagResource", "budgets:UntagResource"],
        ),
    )


def trails(scope: Scope) -> tuple[Grant, ...]:
    """Return the permissions on the audit trail."""
    return (
        Grant(
            "Trails",
            scope.arns("cloudtrail", f"trail/{scope.prefix}-*"),
            reads=[
                "cloudtrail:GetEventSelectors", "cloudtrail:GetInsightSelectors", "cloudtrail:GetTrail",
                "cloudtrail:GetTrailStatus", "cloudtrail:ListTags",
            ],
            changes=[
                "cloudtrail:AddTags", "cloudtrail:CreateTrail", "cloudtrail:DeleteTrail",
                "cloudtrail:PutEventSelectors", "cloudtrail:RemoveTags", "cloudtrail:StartLogging",
                "cloudtrail:StopLogging", "cloudtrail:UpdateTrail",
            ],
        ),
        Grant("TrailsAreDescribed", ["*"], reads=["cloudtrail:DescribeTrails"]),
    )  # fmt: skip


def parameters(scope: Scope) -> tuple[Grant, ...]:
    """Return the permissions on SSM parameters under the stack's prefix."""
    return (
        Grant(
            "Parameters",
            scope.arns("ssm", f"parameter/{PROJECT}/{scope.stack}/*"),
            reads=["ssm:ListTagsForResource"],
            secrets=["ssm:GetParameter", "ssm:GetParameters"],
            changes=[
                "ssm:AddTagsToResource", "ssm:DeleteParameter", "ssm:PutParameter", "ssm:RemoveTagsFromResource",
            ],
        ),
        Grant("ParametersAreListed", ["*"], reads=["ssm:DescribeParameters"]),
    )  # fmt: skip


def roles(scope: Scope) -> tuple[Grant, ...]:
    """Return the permissions on roles under the stack's prefix, each created with exactly the bootstrap's boundary.

    A boundary that the deploy role could change would limit nothing. The further limits of a team's role are therefore
    a policy of denials, which the program writes and attaches. Whatever it contains, the boundary still applies.
    """
    roles = [scope.names.arn_of_role(f"{scope.prefix}-*")]
    boundary = scope.names.arn_of_policy(scope.names.boundary(scope.stack))
    limits = scope.names.arn_of_policy(f"{scope.prefix}-*-limits-*")
    bounded = {"ArnEquals": {"iam:PermissionsBoundary": boundary}}
    return (
        Grant(
            "Roles",
            roles,
            reads=[
                "iam:GetRole", "iam:GetRolePolicy", "iam:ListAttachedRolePolicies", "iam:ListInstanceProfilesForRole",
                "iam:ListRolePolicies", "iam:ListRoleTags",
            ],
            changes=[
                "iam:DeleteRole", "iam:DeleteRolePolicy", "iam:TagRole", "iam:UntagRole", "iam:UpdateAssumeRolePolicy",
                "iam:UpdateRole", "iam:UpdateRoleDescription",
            ],
        ),
        Grant(
            "LimitsOfReaders",
            [limits],
            reads=["iam:GetPolicy", "iam:GetPolicyVersion", "iam:ListPolicyVersions"],
            changes=[
                "iam:CreatePolicy", "iam:CreatePolicyVersion", "iam:DeletePolicy", "iam:DeletePolicyVersion",
                "iam:TagPolicy", "iam:UntagPolicy",
            ],
        ),
        Grant(
            "RolesAreMadeBounded",
            roles,
            changes=["iam:CreateRole", "iam:PutRolePermissionsBoundary", "iam:PutRolePolicy"],
            condition=bounded,
        ),
        Grant(
            "RolesAreLimited",
            roles,
            changes=["iam:AttachRolePolicy", "iam:DetachRolePolicy"],
            condition={"ArnEquals": bounded["ArnEquals"], "ArnLike": {"iam:PolicyARN": limits}},
        ),
        Grant(
            "RolesArePassed",
            roles,
            changes=["iam:PassRole"],
            condition={"StringEquals": {"iam:PassedToService": list(PASSED_TO)}},
        ),
    )  # fmt: skip
