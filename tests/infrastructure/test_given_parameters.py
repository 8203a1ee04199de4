"""Secrets in SSM parameters that a person created: every role that reads one can decrypt it."""

from collections.abc import Callable
from typing import Any

import pytest
from ministack.core.iam_evaluator import EvalContext, evaluate, parse_policy_document

from init.boundary import boundary_document
from init.names import Names
from tests.support.recording import ACCOUNT, Graph, record

REGION = "eu-west-1"
NAMES = Names("acme-state", REGION, ACCOUNT, "acme/data-platform")
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/of-the-account"
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
DATABASE = {
    "host": "sql.partner.example",
    "database": "office",
    "user": "extractor",
    "passwordParameter": "/partners/office/password",
    "certificate": CERTIFICATE,
}
EVENTS = {
    "providers": {"handheld": {}},
    "callbacks": {"scales": {"secretParameter": "/partners/scales/secret"}},
}
READERS = ("extraction-task", "stream-receiver")


@pytest.fixture(scope="module")
def graph() -> Graph:
    """Dev with a password and a signing secret created by a person."""
    return record("dev", databases={"office": DATABASE}, events=EVENTS, sources={"desiredCount": 0})


def may_decrypt(graph: Graph, role: str, alias: str, service: str = "ssm") -> bool:
    """Return true if a role may decrypt with a key of this alias, through a service, within the account's boundary."""
    keys: dict[str, Any] = {"kms:viaservice": f"{service}.{REGION}.amazonaws.com", "kms:resourcealiases": [alias]}
    principal = f"arn:aws:sts::{ACCOUNT}:assumed-role/{role}/x"
    context = EvalContext(principal, "AssumedRole", ACCOUNT, "kms:Decrypt", KEY, REGION, service_context=keys)
    statements = graph.policies()[f"data-platform-{graph.stack}-{role}-permissions.policy"]
    boundary = [parse_policy_document(dict(boundary_document(NAMES, graph.stack)))]
    return evaluate(context, [parse_policy_document({"Statement": statements})], boundary).decision == "Allow"


@pytest.mark.parametrize("role", READERS)
def test_parameter_under_the_key_of_ssm_can_be_decrypted(graph: Graph, role: str) -> None:
    assert may_decrypt(graph, role, "alias/aws/ssm")


@pytest.mark.parametrize("role", READERS)
@pytest.mark.parametrize(("alias", "service"), [("alias/another", "ssm"), ("alias/aws/ssm", "s3")])
def test_no_other_key_and_no_other_service_decrypts(graph: Graph, role: str, alias: str, service: str) -> None:
    assert not may_decrypt(graph, role, alias, service)


@pytest.mark.parametrize("role", READERS)
def test_role_without_a_given_parameter_uses_our_key_only(graph_of: Callable[[str], Graph], role: str) -> None:
    assert not may_decrypt(graph_of("local"), role, "alias/aws/ssm")


@pytest.mark.parametrize(
    ("role", "parameter"),
    [("extraction-task", "/partners/office/password"), ("stream-receiver", "/partners/scales/secret")],
)
@pytest.mark.parametrize(("tag", "allowed"), [("dev", True), ("prod", False), (None, False)])
def test_given_parameter_is_read_by_its_tag(
    graph: Graph, role: str, parameter: str, tag: str | None, *, allowed: bool
) -> None:
    # given a parameter outside the stack's own prefix, with a tag or without
    arn = f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter{parameter}"
    keys: dict[str, Any] = {} if tag is None else {"aws:resourcetag/stack": tag}
    principal = f"arn:aws:sts::{ACCOUNT}:assumed-role/{role}/x"
    context = EvalContext(principal, "AssumedRole", ACCOUNT, "ssm:GetParameter", arn, REGION, service_context=keys)
    statements = graph.policies()[f"data-platform-{graph.stack}-{role}-permissions.policy"]
    boundary = [parse_policy_document(dict(boundary_document(NAMES, graph.stack)))]

    # then the boundary decides by the tag
    decided = evaluate(context, [parse_policy_document({"Statement": statements})], boundary).decision
    assert (decided == "Allow") is allowed
