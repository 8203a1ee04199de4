"""The boundary of a stack's roles is wide enough for settings that dev and prod do not use."""

from ministack.core.iam_evaluator import EvalContext, evaluate, parse_policy_document

from dataplatform.aws import python_function
from init.boundary import boundary_document
from tests.support.ci_roles import ACCOUNT, NAMES, REGION


def test_a_function_in_the_network_keeps_its_interfaces() -> None:
    # given what the program allows a function inside the network
    statement = python_function._keep_interfaces()
    boundary = parse_policy_document(boundary_document(NAMES, "dev"))

    # then the boundary allows it on the same resources
    refused = [
        (action, resource)
        for action in statement["Action"]
        for resource in statement["Resource"]
        if evaluate(
            EvalContext(f"arn:aws:sts::{ACCOUNT}:assumed-role/x/x", "AssumedRole", ACCOUNT, action, resource, REGION),
            [boundary],
        ).decision
        != "Allow"
    ]
    assert refused == []


def test_objects_of_another_account_are_out_of_reach():
    # given that the evaluator treats every bucket as the caller's
    [lake] = [each for each in boundary_document(NAMES, "dev")["Statement"] if each["Sid"] == "Lake"]
    assert lake["Condition"] == {"StringEquals": {"aws:ResourceAccount": ACCOUNT}}
