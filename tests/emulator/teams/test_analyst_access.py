"""The analysts' role at every place of the lake reads the granted dataset, and is denied everything else."""

import pytest

from lake.keys import ANALYSTS, table_prefix
from local.demo.access_check import analyst_client
from ops.access.matrix import access_matrix
from ops.access.policies import read_policies
from ops.ingest.collect import collect
from ops.stack.target import find_target
from tests.emulator.test_platform import HEADER
from tests.support.access import (  # noqa: F401  # a fixture
    ABSENT,
    GRANTED,
    NEVER,
    PLACES,
    READS,
    TEAMS,
    WRITES,
    Attempts,
    outcome,
    probes,
)
from tests.support.permission_proof import plain_name
from tests.support.platform_steps import deliver, outgoing_folder, refine

pytestmark = [pytest.mark.emulator, pytest.mark.xdist_group("platform")]

CLOSED = {
    **PLACES,
    "another dataset": "tables/other/probe.txt",
    "the rows that were deleted": f"tables/{GRANTED}_deleted/probe.txt",
    "history": f"warehouse/{GRANTED}/probe.txt",
    "refused rows": f"quarantine/{GRANTED}/probe.txt",
}


@pytest.fixture(scope="module")
def published(platform):
    """Key of a published file of the granted dataset."""
    target = find_target("local", platform.state_directory)
    file = outgoing_folder(platform) / "analysts.csv"
    deliver(file, HEADER + "71,Leeds,Small,AN71YST\n")
    collect(target, GRANTED)
    refine(target)
    file.unlink()
    listed = target.client("s3").list_objects_v2(Bucket=target.bucket, Prefix=table_prefix(GRANTED))["Contents"]
    return listed[0]["Key"]


def test_analysts_read_the_granted_dataset_and_nothing_else(target, published, probes):  # noqa: F811
    # when the analysts' role tries every request at every place
    attempts = Attempts(analyst_client(target, "s3"), target.bucket, ANALYSTS, published, probes)
    seen = {place: attempts.all(key) for place, key in {**CLOSED, "granted": published}.items()}

    # then it reads the dataset, keeps results of its queries, and every other attempt is denied
    assert all(set(ways) == READS | WRITES | NEVER for ways in seen.values())
    passed = {place: {way for way, result in ways.items() if result == "passes"} for place, ways in seen.items()}
    expected = {"granted": READS, f"results of {ANALYSTS}": READS | WRITES}
    assert passed == {place: expected.get(place, set()) for place in seen}
    others = {result for ways in seen.values() for result in ways.values() if result != "passes"}
    assert others == {"AccessDenied"}


def test_analysts_list_no_prefix_wider_than_the_dataset(target):
    s3 = analyst_client(target, "s3")
    wider = (None, "", "t", "tables", "tables/", f"tables/{GRANTED}", f"tables/{GRANTED[:-1]}", "athena/")
    for prefix in wider:
        given = {} if prefix is None else {"Prefix": prefix}
        assert outcome(s3.list_objects_v2, Bucket=target.bucket, **given) == "AccessDenied", prefix


def test_analysts_query_in_their_own_workgroup_alone(target):
    athena = analyst_client(target, "athena")
    groups = {**target.exports["teamWorkgroups"], ANALYSTS: target.exports["analystWorkgroup"]}
    may = {
        reader: outcome(athena.start_query_execution, QueryString="SELECT 1", WorkGroup=group)
        for reader, group in groups.items()
    }
    assert may == {**dict.fromkeys(TEAMS, "AccessDenied"), ANALYSTS: "passes"}


def test_the_access_matrix_has_no_open_cell_for_analysts(target):
    # when the deployed policies are evaluated, for the granted dataset and another
    rows = access_matrix(read_policies(target), [GRANTED, "other"], TEAMS)
    analysts = {row.prefix: row.decisions for row in rows if plain_name(row.role) == ANALYSTS}

    # then the matrix has each prefix, and these statements allow what is allowed
    assert {f"{area}/{name}/" for area in (*ABSENT, "quarantine") for name in (GRANTED, "other")} < set(analysts)
    allowed = {
        prefix: {way: each.statement for way, each in decisions.items() if each.allowed}
        for prefix, decisions in analysts.items()
    }
    assert {prefix: ways for prefix, ways in allowed.items() if ways} == {
        f"tables/{GRANTED}/": {"list": "ListDatasets", "get": "ReadDatasets"},
        f"athena/{ANALYSTS}/": {"list": "ListResults", "get": "KeepResults", "put": "KeepResults"},
    }
