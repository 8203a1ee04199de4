"""No known way to more rights, or to prod, is open, and the page in the docs shows what the command prints."""

import re
from typing import Any

import pytest
from typer.testing import CliRunner

from init.ci_policies import drift_policies, preview_policies
from init.commands import app
from init.escalations.growth import GROWTHS
from init.escalations.page import EXAMPLE, open_ways, page
from init.escalations.reach import REACHES
from tests.support.recording import ROOT

REQUIRED = {
    "iam:PassRole", "iam:CreatePolicyVersion", "iam:SetDefaultPolicyVersion", "iam:CreateRole", "iam:AttachRolePolicy",
    "iam:PutRolePolicy", "iam:DeleteRolePermissionsBoundary", "iam:UpdateAssumeRolePolicy", "lambda:UpdateFunctionCode",
    "lambda:UpdateFunctionConfiguration", "lambda:AddPermission", "glue:UpdateJob", "glue:CreateJob",
    "ecs:RegisterTaskDefinition", "ecs:RunTask", "events:PutTargets", "scheduler:CreateSchedule", "iam:TagRole",
    "s3:PutBucketTagging", "dynamodb:UntagResource", "ec2:DeleteTags", "ssm:GetParameter", "kms:Decrypt",
}  # fmt: skip
"""Actions through which roles are known to gain rights."""
TAKEN_FOR_READING = re.compile(r"\w+:(Get|List|Describe|View|BatchGet|GET$|Decrypt$)")


def test_no_way_is_open() -> None:
    assert open_ways() == []


def test_known_ways_are_all_tried() -> None:
    tried = {action for way in (*GROWTHS, *REACHES) for action in way.actions}
    assert REQUIRED - tried == set()


def test_a_deployment_may_do_on_dev_what_it_may_not_on_prod() -> None:
    # given that a judge that denies everything would find nothing open either
    rows = [line.split(" | ") for line in page().splitlines() if line.endswith("| denied |")]
    to_prod = [row for row in rows if len(row) == len(["who", "what", "actions", "own", "other"])]

    # then dev's own are denied only where no role needs them
    assert [row[1] for row in to_prod if row[3] != "allowed"] == ["assume its roles"]


def test_docs_show_what_the_command_prints() -> None:
    result = CliRunner().invoke(app, ["escalations"])
    assert result.exit_code == 0
    assert result.output.strip() in (ROOT / "docs/escalations.md").read_text()


@pytest.mark.parametrize("policies_of", [preview_policies, drift_policies])
def test_roles_that_read_change_nothing(policies_of: Any) -> None:
    policies = policies_of(EXAMPLE, "dev", "arn:state", "arn:secrets").values()
    allowed = {
        action
        for policy in policies
        for each in policy["Statement"]
        if each["Effect"] == "Allow"
        for action in each["Action"]
    }
    assert {action for action in allowed if not TAKEN_FOR_READING.match(action)} == set()
