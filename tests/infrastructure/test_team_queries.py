"""What a team's queries request from the catalogue, Athena and the key, judged within the role's limits."""

import pytest
from ministack.core.iam_evaluator import EvalContext, evaluate, parse_policy_document

from tests.support.recording import ACCOUNT, Graph

REGION = "eu-west-1"
MEMBER = f"arn:aws:sts::{ACCOUNT}:assumed-role/analyst/ada"
TEAMS = ("accounts", "logistics")
POLICIES = ("reads-its-reports", "queries-its-reports", "limits")


def team_may(graph: Graph, team: str, action: str, resource: str, **keys: str) -> bool:
    """Return true if a team's policies allow its role this."""
    context = EvalContext(MEMBER, "AssumedRole", ACCOUNT, action, resource, REGION, service_context=keys)
    name, policies = f"data-platform-{graph.stack}-{team}", graph.policies()
    statements = [statement for each in POLICIES for statement in policies[f"{name}-{each}.policy"]]
    return evaluate(context, [parse_policy_document({"Statement": statements})]).decision == "Allow"


def in_catalogue(graph: Graph, place: str, team: str) -> str:
    database = f"data_platform_{graph.stack}_mart_{team}"
    return f"arn:aws:glue:{REGION}:{ACCOUNT}:{place.format(database=database)}"


@pytest.mark.parametrize(
    ("action", "place"),
    [
        # A SELECT through the API, in the workgroup's database.
        ("glue:GetDatabase", "database/{database}"),
        ("glue:GetTable", "table/{database}/report"),
        # DDL statements and drivers: athena/latest/ug/fine-grained-access-to-glue-resources.html, "default database".
        ("glue:GetDatabase", "catalog"),
        ("glue:GetDatabase", "database/default"),
        ("glue:GetDatabases", "catalog"),
        ("glue:GetDatabases", "database/default"),
        ("glue:GetDatabases", "database/{database}"),
    ],
)
def test_team_is_given_what_athena_asks_of_the_catalogue(graph: Graph, action: str, place: str) -> None:
    refused = [team for team in TEAMS if not team_may(graph, team, action, in_catalogue(graph, place, team))]
    assert refused == []


@pytest.mark.parametrize("place", ["table/default/x", "database/{database}", "table/{database}/x"])
def test_team_finds_no_other_database_and_no_table_of_it(graph: Graph, place: str) -> None:
    actions = ("glue:GetDatabase", "glue:GetDatabases", "glue:GetTable", "glue:GetTables")
    others = in_catalogue(graph, place, "logistics")
    assert [action for action in actions if team_may(graph, "accounts", action, others)] == []


@pytest.mark.parametrize("action", ["athena:GetQueryResults", "athena:GetQueryResultsStream"])
def test_team_reads_results_in_pages_and_as_a_stream(graph: Graph, action: str) -> None:
    # given that drivers read results as a stream
    for team in TEAMS:
        workgroup = graph.only("athena/workgroup:Workgroup", f"{team}-queries")
        assert team_may(graph, team, action, f"${{{workgroup.name}.arn}}")


@pytest.mark.parametrize(
    ("written", "allowed"),
    [("", True), ("/mart/accounts/reports/x", True), ("-of-another/mart/accounts/reports/x", False)],
    ids=["with a bucket key", "without a bucket key", "in another bucket"],
)
def test_team_decrypts_objects_with_and_without_bucket_key(graph: Graph, written: str, *, allowed: bool) -> None:
    # given an object whose encryption context is the bucket, or the object itself
    bucket = f"${{{graph.only('s3/bucket:Bucket', '-bucket').name}.arn}}"
    [key] = [each for each in graph.of_type("kms/key:Key") if each.name.endswith("-accounts-key")] or [graph.key]
    asked = {"kms:viaservice": f"s3.{REGION}.amazonaws.com", "kms:encryptioncontext:aws:s3:arn": f"{bucket}{written}"}

    # then
    assert team_may(graph, "accounts", "kms:Decrypt", f"${{{key.name}.arn}}", **asked) is allowed
