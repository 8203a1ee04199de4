"""Who may assume the analysts' role, what it can do at most, and which stacks have it."""

import json
import re
from typing import Any

import pytest
from ministack.core.iam_evaluator import EvalContext, evaluate, parse_policy_document

from dataplatform.settings.model import MOST_ANALYST_CHARACTERS, MOST_ANALYST_DATASETS
from tests.infrastructure.test_team_access import ACCOUNT, EVERYTHING, MEMBER, TEAMS, assumes
from tests.support.recording import Graph, record

ROLE = "analysts-role"
# docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html, without white space
MANAGED_CHARACTERS, INLINE_CHARACTERS = 6144, 10_240


@pytest.fixture
def granting(graph_of: Any) -> Graph:
    """A stack that grants its analysts a dataset."""
    return graph_of("dev")


def granted(graph: Graph) -> str:
    [listing] = [each for each in policy(graph, "reads-its-datasets") if each["Sid"] == "ReadDatasets"]
    [place] = listing["Resource"]
    return place.split("/")[-2]


def policy(graph: Graph, name: str) -> list[dict[str, Any]]:
    return graph.policies()[f"data-platform-{graph.stack}-analysts-{name}.policy"]


def test_a_stack_that_grants_no_dataset_has_no_analyst_role(prod_graph: Graph) -> None:
    assert [each.name for each in prod_graph.resources if "analyst" in each.name] == []
    assert not any(name.startswith("analyst") for name in prod_graph.exports)


def test_only_a_principal_with_the_tag_assumes_the_role(granting: Graph) -> None:
    trust = granting.policies()[f"data-platform-{granting.stack}-{ROLE}.assumeRolePolicy"]
    assert assumes(trust, MEMBER, "AssumeRole", tags={"analyst": "true"})
    assert assumes(trust, MEMBER, "AssumeRole", tags={"analyst": "true", "team": "finance"})
    for tags in ({}, {"team": "analysts"}, {"analyst": "yes"}, {"analyst": "*"}, *({"team": team} for team in TEAMS)):
        assert not assumes(trust, MEMBER, "AssumeRole", tags=tags), tags


def test_analysts_sign_in_by_the_provider_of_the_teams() -> None:
    provider = f"arn:aws:iam::{ACCOUNT}:saml-provider/staff"
    trust = record("dev", teamIdentityProvider={"arn": provider}).policies()
    [statement] = trust[f"data-platform-dev-{ROLE}.assumeRolePolicy"]
    assert statement["Principal"] == {"Federated": provider}
    assert statement["Condition"]["StringEquals"]["aws:RequestTag/analyst"] == "true"


def test_nothing_that_is_attached_to_the_role_opens_the_lake(granting: Graph) -> None:
    # given the role, with everything granted beyond its limits
    limits = granting.only("iam/policy:Policy", "analysts-limits")
    policies = [parse_policy_document(each) for each in (EVERYTHING, json.loads(limits.inputs["policy"]))]
    bucket = f"${{{granting.only('s3/bucket:Bucket', '-bucket').name}.arn}}"
    dataset = granted(granting)

    def decision(action: str, resource: str, **keys: str) -> str:
        context = EvalContext(MEMBER, "AssumedRole", ACCOUNT, action, resource, "eu-west-1", service_context=keys)
        return evaluate(context, policies).decision

    # then it reads the granted dataset, and everything else is denied explicitly
    attached = granting.only("iam/rolePolicyAttachment:RolePolicyAttachment", "analysts-limits")
    role = granting.only("iam/role:Role", ROLE)
    assert attached.inputs == {"policyArn": f"${{{limits.name}.arn}}", "role": f"${{{role.name}.name}}"}
    assert decision("s3:GetObject", f"{bucket}/tables/{dataset}/data/x.parquet") == "Allow"
    closed = [f"{area}/{dataset}/x" for area in ("inbound", "quarantine", "warehouse")]
    closed += [f"tables/{dataset}_deleted/x", "tables/other/x", "code/x"]
    closed += [f"{area}{team}/reports/x" for area in ("mart/", "athena/") for team in TEAMS]
    for key in closed:
        for action in ("s3:GetObject", "s3:GetObjectVersion", "s3:PutObject", "s3:DeleteObject"):
            assert decision(action, f"{bucket}/{key}") == "Deny", (action, key)
    for prefix in ("", "tables/", f"tables/{dataset}", "warehouse/", "inbound/", "mart/"):
        assert decision("s3:ListBucket", bucket, **{"s3:prefix": prefix}) == "Deny", prefix
    assert decision("s3:ListBucket", bucket) == "Deny"

    # and so is every other action
    assert decision("s3:PutObject", f"{bucket}/tables/{dataset}/data/x.parquet") == "Deny"
    assert decision("iam:PutRolePolicy", "*") == "Deny"
    assert decision("sts:AssumeRole", "*") == "Deny"


def test_analysts_see_the_published_table_and_no_other(granting: Graph) -> None:
    [tables] = [each for each in policy(granting, "queries-its-datasets") if each["Sid"] == "ReadTables"]
    dataset = granted(granting)
    names = {resource.rpartition("/")[2] for resource in tables["Resource"] if ":table/" in resource}
    assert names == {dataset}


def test_analysts_decrypt_through_s3_with_the_lakes_key_alone(granting: Graph) -> None:
    key = f"${{{granting.only('kms/key:Key').name}.arn}}"
    statements = [*policy(granting, "reads-its-datasets"), *policy(granting, "queries-its-datasets")]
    with_keys = [each for each in statements if any(action.startswith("kms:") for action in each["Action"])]
    assert {each["Sid"] for each in with_keys} == {"DecryptThroughS3", "EncryptResults"}
    assert all(each["Resource"] == [key] for each in with_keys)
    assert {each["Condition"]["StringEquals"]["kms:ViaService"] for each in with_keys} == {"s3.eu-west-1.amazonaws.com"}


def test_iam_accepts_the_policies_of_the_most_datasets(granting: Graph) -> None:
    # given as many datasets as the settings accept, with names of the greatest length
    length = MOST_ANALYST_CHARACTERS // MOST_ANALYST_DATASETS
    names = [f"{number:a>{length}}" for number in range(MOST_ANALYST_DATASETS)]
    dataset = granted(granting)

    def characters(statements: list[dict[str, Any]]) -> int:
        text = json.dumps({"Version": "2012-10-17", "Statement": _for_all(statements, dataset, names)})
        return len(re.sub(r"\$\{([^}]+)\.(arn|name)\}|\s", r"arn:aws:s3:::\1-1234567", text.replace(" ", "")))

    # then the limits fit, and the role's two policies together
    assert characters(policy(granting, "limits")) <= MANAGED_CHARACTERS
    inline = (policy(granting, f"{verb}-its-datasets") for verb in ("reads", "queries"))
    assert sum(map(characters, inline)) <= INLINE_CHARACTERS


def _for_all(value: Any, dataset: str, names: list[str]) -> Any:
    """Return a policy's part with each entry for one dataset repeated for all."""
    if isinstance(value, dict):
        return {key: _for_all(each, dataset, names) for key, each in value.items()}
    if not isinstance(value, list):
        return value
    made: list[Any] = []
    for each in value:
        about_it = isinstance(each, str) and (f"/{dataset}" in each)
        made += [each.replace(dataset, name) for name in names] if about_it else [_for_all(each, dataset, names)]
    return made
