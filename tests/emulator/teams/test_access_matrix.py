"""Every team at every place of the lake, with every request that reaches an object: exactly the allowed ones pass."""

import pytest

from local.demo.access_check import team_client
from ops.access.matrix import Decision, access_matrix
from ops.access.policies import read_policies
from tests.support.access import (  # noqa: F401  # a fixture
    ABSENT,
    NEVER,
    PLACES,
    READS,
    REPORTS_OF,
    TEAMS,
    WRITES,
    Attempts,
    outcome,
    probes,
)
from tests.support.permission_proof import plain_name

pytestmark = [pytest.mark.emulator, pytest.mark.xdist_group("platform")]


def allowed(team, place):
    if place == f"reports of {team}":
        return READS
    if place == f"results of {team}":
        return READS | WRITES
    return set()


@pytest.mark.parametrize("team", TEAMS)
def test_team_reaches_its_own_prefixes_as_allowed_and_no_other(target, probes, team):  # noqa: F811
    # when the team's role tries every request at every place
    attempts = Attempts(team_client(target, team, "s3"), target.bucket, team, REPORTS_OF[team], probes)
    seen = {place: attempts.all(key) for place, key in PLACES.items()}

    # then every attempt was made, and exactly the allowed ones pass
    assert all(set(ways) == READS | WRITES | NEVER for ways in seen.values())
    passed = {place: {way for way, result in ways.items() if result == "passes"} for place, ways in seen.items()}
    assert passed == {place: allowed(team, place) for place in PLACES}

    # and all others are denied, not merely absent
    others = {result for ways in seen.values() for result in ways.values() if result != "passes"}
    assert others == {"AccessDenied"}


@pytest.mark.usefixtures("probes")
def test_a_denial_is_the_policys_and_not_for_want_of_an_object(target):
    # given a principal without policies
    s3 = target.client("s3")

    # then it finds the objects, or a 404
    found = {place: outcome(s3.get_object, Bucket=target.bucket, Key=key) for place, key in PLACES.items()}
    assert found == {place: "NoSuchKey" if place in ABSENT else "passes" for place in PLACES}


def test_printed_matrix_says_the_same_of_the_teams(target):
    # when the deployed policies are read and evaluated
    rows = access_matrix(read_policies(target), ["parcels"], TEAMS)

    # then each team's role has its two prefixes, by these statements
    statements = {
        (plain_name(row.role), row.prefix): {way: each.statement for way, each in row.decisions.items() if each.allowed}
        for row in rows
        if plain_name(row.role) in TEAMS
    }
    assert {place: ways for place, ways in statements.items() if ways} == {
        **{(team, f"mart/{team}/reports/"): {"list": "ListReports", "get": "ReadReports"} for team in TEAMS},
        **{
            (team, f"athena/{team}/"): {"list": "ListResults", "get": "KeepResults", "put": "KeepResults"}
            for team in TEAMS
        },
    }

    # and an explicit denial names its statement
    [raw] = [row for row in rows if plain_name(row.role) == "accounts" and row.prefix == "inbound/parcels/"]
    assert raw.decisions["get"] == Decision(allowed=False, statement="DenyOtherObjects")
    assert raw.decisions["list"] == Decision(allowed=False, statement="DenyOtherListings")
