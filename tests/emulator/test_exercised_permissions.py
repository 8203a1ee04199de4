"""The whole platform runs while each IAM decision is recorded: all that is needed is there, and nothing else.

The emulator asks for no permission on keys; what AWS would ask is derived from the calls, and judged on the policies.
"""

import dataclasses
import time
from dataclasses import dataclass

import pytest
from rich.console import Console

from jobs.marts import REPORTS
from lake.keys import query_results_prefix
from local.access_check import team_client
from local.demo import run_demo
from local.emulator import DECISIONS_VARIABLE
from local.platform_instance import LocalPlatform
from local.steps import Steps
from ops.accounting import landed_objects
from ops.collection import CollectionRunError, collect
from ops.deployed_policies import DeployedPolicies, read_policies
from ops.process_runner import ProcessRunner
from ops.target import find_target
from tests.emulator.access_fixtures import secrets_of
from tests.emulator.emulators import free_port
from tests.emulator.permission_proof import Call, implied_calls, judge, needless_actions, plain_name, read_calls
from tests.emulator.stream_fixtures import EventStream
from tests.emulator.unexercised_permissions import UNEXERCISED, is_listed

pytestmark = [pytest.mark.emulator, pytest.mark.long, pytest.mark.timeout(600), pytest.mark.xdist_group("recorded")]

DEADLINE_SECONDS = 60
TEAMS = {"finance", "marketing", "operations"}


@dataclass(frozen=True)
class Run:
    """What the platform's run left: the calls of its roles, and the policies that decided on them."""

    calls: list[Call]
    implied: list[Call]
    policies: DeployedPolicies

    @property
    def all_calls(self):
        return [*self.calls, *self.implied]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A platform of its own: all that the demo does, the stream, the teams' queries, and what fails."""
    folder = tmp_path_factory.mktemp("recorded")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv(DECISIONS_VARIABLE, str(folder / "decisions.jsonl"))
        platform = LocalPlatform(folder / "state", free_port())
        try:
            return run_everything(platform, folder / "decisions.jsonl")
        finally:
            platform.down()


def run_everything(platform, decisions):
    run_demo(platform, Steps(Console(quiet=True)))
    target = find_target("local", platform.state_directory)
    post_events(target)
    fail_a_collection(platform, target)
    ProcessRunner(target).run(target.exports["sanitiseJob"], {"--dataset": "vehicles"})
    target.client("lambda").invoke(FunctionName=target.exports["freshnessFunction"], Payload=b"{}")
    for team in sorted(TEAMS):
        use_own_workgroup(target, team)
    calls, policies = read_calls(decisions), read_policies(target)
    implied = [*implied_calls(calls, policies, secrets_of(target))]
    for team in sorted(TEAMS):
        implied += analysts_calls(target, policies, team)
    return Run(calls, implied, policies)


def post_events(target):
    """Events and a callback, twice, so that the second is known."""
    stream = EventStream(target)
    event = {
        "event_id": "e1",
        "event_type": "payment",
        "occurred_at": "2026-01-02T03:04:05Z",
        "payload": {"amount": "1"},
    }
    answers = [stream.post(event), stream.post([event]), stream.call_back(b'{"id": "c1", "type": "paid"}')]
    answers.append(stream.post({"events": [event]}))
    assert any(answer.status < 300 for answer in answers), answers
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not landed_objects(target, "events"):
        assert time.monotonic() < deadline, "no event landed"
        time.sleep(0.2)  # between two looks


def fail_a_collection(platform, target):
    """A file that cannot be taken, which the collector sends to its dead letters; beside one that is."""
    folder = platform.source.root / "outgoing/vehicles"
    (folder / "empty.csv").write_text("")
    with pytest.raises(CollectionRunError):
        collect(target, "vehicles")


def use_own_workgroup(target, team):
    """What an analyst does: query, list the queries, read the result's file."""
    athena, s3 = (team_client(target, team, service) for service in ("athena", "s3"))
    report = next(name for name, each in REPORTS.items() if each.team == team)
    database, table = target.exports["reportTables"][report].split(".")
    workgroup = target.exports["teamWorkgroups"][team]
    athena.get_work_group(WorkGroup=workgroup)
    athena.list_query_executions(WorkGroup=workgroup)
    athena.start_query_execution(
        QueryString=f'SELECT count(*) FROM "{table}"',  # noqa: S608 - a declared name
        QueryExecutionContext={"Database": database},
        WorkGroup=workgroup,
    )
    results, at = query_results_prefix(team), {"Bucket": target.bucket, "Key": f"{query_results_prefix(team)}proof.csv"}
    s3.get_bucket_location(Bucket=target.bucket)
    s3.list_objects_v2(Bucket=target.bucket, Prefix=results)
    s3.list_objects_v2(Bucket=target.bucket, Prefix=f"mart/{team}/reports/")
    s3.put_object(**at, Body=b"as Athena does in the team's name")
    s3.get_object(**at)
    upload = s3.create_multipart_upload(**at)["UploadId"]
    s3.abort_multipart_upload(**at, UploadId=upload)


def analysts_calls(target, policies, team):
    """What AWS asks as an analyst looks at tables and follows a query. The emulator names no resource for these."""
    [role] = [role.name for role in policies.roles if plain_name(role.name) == team]
    report = next(name for name, each in REPORTS.items() if each.team == team)
    database, table = target.exports["reportTables"][report].split(".")
    here = f"{policies.region}:{policies.account}"
    catalogue = f"arn:aws:glue:{here}:"
    looks = {
        "GetDatabase": ("catalog", f"database/{database}"),
        "GetTables": ("catalog", f"database/{database}", f"table/{database}/{table}"),
        "GetTable": ("catalog", f"database/{database}", f"table/{database}/{table}"),
    }
    for action, resources in looks.items():
        for resource in resources:
            yield Call(role, f"glue:{action}", catalogue + resource, {}, True)
    workgroup = f"arn:aws:athena:{here}:workgroup/{target.exports['teamWorkgroups'][team]}"
    for action in ("GetQueryExecution", "GetQueryResults", "StopQueryExecution"):
        yield Call(role, f"athena:{action}", workgroup, {}, True)


def test_no_call_is_denied_but_those_that_have_to_be(run):
    # when the demo lets each team try what is not its own
    denied = {plain_name(call.role) for call in run.calls if not call.allowed}

    # then that, and nothing else, was denied
    assert denied == TEAMS


def test_every_principal_that_the_emulator_runs_was_seen(run):
    idle = {plain_name(role.name) for role in run.policies.roles} - {plain_name(call.role) for call in run.calls}
    assert {role for role in idle if not any(entry.role in {role, "*"} for entry in UNEXERCISED)} == set()


def test_the_policies_as_read_decide_as_the_emulator_did(run):
    different = [call for call in run.calls if judge(run.policies, call).allowed != call.allowed]
    assert different == []


def test_what_aws_asks_of_the_key_in_the_callers_name_is_allowed(run):
    denied = {(plain_name(call.role), call.action) for call in run.implied if not judge(run.policies, call).allowed}
    assert denied == set()


def test_every_action_of_every_policy_is_needed_or_listed_with_a_reason(run):
    needless = needless_actions(run.policies, run.all_calls)
    assert {each for each in needless if not is_listed(*each)} == set()


def test_nothing_is_listed_that_is_exercised(run):
    needless = needless_actions(run.policies, run.all_calls)
    assert [entry for entry in UNEXERCISED if not any(entry.covers(*each) for each in needless)] == []


def test_a_needless_action_is_noticed(run):
    # given policies of which each statement of the lake lets one thing more
    def widen(statement):
        on_the_lake = any(action.startswith("s3:") for action in statement["Action"])
        return {**statement, "Action": [*statement["Action"], "s3:DeleteObject"]} if on_the_lake else statement

    roles = [
        dataclasses.replace(role, statements=[widen(statement) for statement in role.statements])
        for role in run.policies.roles
    ]

    # then each of them is found
    found = needless_actions(dataclasses.replace(run.policies, roles=roles), run.all_calls)
    widened = {
        (plain_name(role.name), statement["Sid"])
        for role in roles
        for statement in role.statements
        if "s3:DeleteObject" in statement["Action"]
    }
    assert widened
    assert {(role, sid) for role, sid, action in found if action == "s3:DeleteObject"} == widened
    assert not any(
        is_listed(
            *each,
        )
        for each in found
        if each[2] == "s3:DeleteObject"
    )


def test_a_role_without_an_action_that_it_needs_is_noticed(run):
    # given each action that is not listed as unexercised, taken away
    needless = needless_actions(run.policies, run.all_calls)
    granted = {
        (plain_name(role.name), statement["Sid"], action)
        for role in run.policies.roles
        for statement in role.statements
        for action in statement["Action"]
    }

    # then a call that was made would be denied: of so many permissions, which are most that can be tried here
    needed = granted - needless
    assert {role for role, _, _ in needed} >= {plain_name(call.role) for call in run.calls}
