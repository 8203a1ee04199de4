"""The ledger is one table for files and for tables: each role reaches only the items of its own datasets."""

import pytest
from ministack.core.iam_evaluator import EvalContext, evaluate, parse_policy_document

from lake.ledger.items import partition
from tests.support.recording import ACCOUNT, Graph

COLLECTED, EXTRACTED = "parcels", "members"
ROLES = {
    "collector-sftp-permissions": (COLLECTED, EXTRACTED),
    "extraction-task-permissions": (EXTRACTED, COLLECTED),
}


@pytest.mark.parametrize("policy", ROLES)
@pytest.mark.parametrize("action", ["dynamodb:GetItem", "dynamodb:UpdateItem"])
def test_role_reaches_items_of_its_own_datasets_alone(graph: Graph, policy: str, action: str) -> None:
    # given a dataset of the role, and another dataset
    own, other = ROLES[policy]
    statements = graph.policies()[f"data-platform-{graph.stack}-{policy}.policy"]
    ledger = f"${{{graph.only('dynamodb/table:Table', '-ledger').name}.arn}}"

    def may(*datasets: str) -> bool:
        keys = {"dynamodb:leadingkeys": [partition(each) for each in datasets]}
        principal = f"arn:aws:sts::{ACCOUNT}:assumed-role/any/x"
        context = EvalContext(principal, "AssumedRole", ACCOUNT, action, ledger, "eu-west-1", service_context=keys)
        return evaluate(context, [parse_policy_document({"Statement": statements})]).decision == "Allow"

    # then
    assert may(own)
    assert not may(other)
    assert not may(own, other)
