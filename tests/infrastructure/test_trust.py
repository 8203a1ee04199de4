"""Which services assume the program's roles, and what their requests must contain."""

from collections.abc import Callable

import pytest

from tests.support.recording import ACCOUNT, Graph

# Services that send the account for which they assume a role, each with AWS's page about it.
SENDS_SOURCE_ACCOUNT = {
    "ecs-tasks.amazonaws.com": "docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html",
    "events.amazonaws.com": "docs.aws.amazon.com/eventbridge/latest/userguide/"
    "cross-service-confused-deputy-prevention.html",
    # No page of AWS, but its own aws/agent-toolkit-for-aws has a policy with the condition.
    "lambda.amazonaws.com": "github.com/serverless/serverless/pull/13125",
    "scheduler.amazonaws.com": "docs.aws.amazon.com/scheduler/latest/UserGuide/"
    "cross-service-confused-deputy-prevention.html",
    "vpc-flow-logs.amazonaws.com": "docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html",
}


def trusted_services(graph: Graph) -> dict[str, dict[str, object] | None]:
    """Return the condition of each service's trust, by role and service."""
    return {
        f"{role.name} {statement['Principal']['Service']}": statement.get("Condition")
        for role in graph.of_type("iam/role:Role")
        for statement in graph.policies()[f"{role.name}.assumeRolePolicy"]
        if "Service" in statement["Principal"]
    }


def test_service_is_asked_for_the_account_only_if_it_sends_it(graph: Graph) -> None:
    # given
    here = {"StringEquals": {"aws:SourceAccount": ACCOUNT}}

    # then a service that sends the account acts only for this one, and any other can assume its role at all
    expected = {each: here if each.split()[1] in SENDS_SOURCE_ACCOUNT else None for each in trusted_services(graph)}
    assert trusted_services(graph) == expected


@pytest.mark.parametrize("service", ["cloudtrail.amazonaws.com", "glue.amazonaws.com"])
def test_service_that_sends_no_account_is_in_a_graph(graph_of: Callable[[str], Graph], service: str) -> None:
    assert [each for each in trusted_services(graph_of("prod")) if each.endswith(service)]
