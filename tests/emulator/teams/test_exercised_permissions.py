"""The whole platform runs while each IAM decision is recorded: every needed permission exists, and no other.

The emulator requires no permission for keys. The requests that AWS would check are derived from the calls and evaluated
with the policies.
"""

import dataclasses

import pytest

from tests.support.call_sites import call_sites
from tests.support.permission_proof import judge, needless_actions, plain_name
from tests.support.recorded_run import TEAMS, record_run
from tests.support.unexercised_permissions import UNEXERCISED, is_listed

pytestmark = [pytest.mark.emulator, pytest.mark.long, pytest.mark.timeout(900), pytest.mark.xdist_group("recorded")]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return record_run(tmp_path_factory.mktemp("recorded"))


def test_no_call_is_denied_but_those_that_have_to_be(run):
    # when each team tries to reach data of others
    denied = {plain_name(call.role) for call in run.calls if not call.allowed}

    # then exactly that was denied
    assert denied == {*TEAMS}


def test_every_principal_that_the_emulator_runs_was_seen(run):
    idle = {plain_name(role.name) for role in run.policies.roles} - {plain_name(call.role) for call in run.calls}
    assert {role for role in idle if not any(entry.role in {role, "*"} for entry in UNEXERCISED)} == set()


def test_the_policies_as_read_decide_as_the_emulator_did(run):
    different = [call for call in run.calls if judge(run.policies, call).allowed != call.allowed]
    assert different == []


def test_what_aws_asks_of_the_key_in_the_callers_name_is_allowed(run):
    denied = {(plain_name(call.role), call.action) for call in run.implied if not judge(run.policies, call).allowed}
    assert denied == set()


def test_every_policys_action_is_needed_or_has_a_listed_reason(run):
    needless = needless_actions(run.policies, run.all_calls)
    assert {each for each in needless if not is_listed(*each)} == set()


def test_nothing_is_listed_that_is_exercised(run):
    needless = needless_actions(run.policies, run.all_calls)
    assert [entry for entry in UNEXERCISED if not any(entry.covers(*each) for each in needless)] == []


def test_a_needless_action_is_noticed(run):
    # given policies in which each statement about the lake allows one thing more
    def widen(statement):
        allows = statement["Effect"] == "Allow"
        on_the_lake = allows and any(action.startswith("s3:") for action in statement["Action"])
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
        if "s3:DeleteObject" in statement.get("Action", ())
    }
    assert widened
    assert {(role, sid) for role, sid, action in found if action == "s3:DeleteObject"} == widened
    assert not any(is_listed(*each) for each in found if each[2] == "s3:DeleteObject")


def test_a_role_without_an_action_that_it_needs_is_noticed(run):
    # given that each exercised action is removed
    needless = needless_actions(run.policies, run.all_calls)
    granted = {
        (plain_name(role.name), statement["Sid"], action)
        for role in run.policies.roles
        for statement in role.statements
        if statement["Effect"] == "Allow"
        for action in statement["Action"]
    }

    # then a call that was made would be denied, for at least so many permissions
    needed = granted - needless
    assert {role for role, _, _ in needed} >= {plain_name(call.role) for call in run.calls}


# Lines that call AWS


def test_every_line_that_calls_aws_ran(run):
    missed = {str(site) for site in call_sites() if not any(site.holds(*line) for line in run.lines)}
    assert missed == set()


def test_the_list_of_calls_lacks_no_line_that_called(run):
    sites = call_sites()
    assert {line for line in run.lines if not any(site.holds(*line) for site in sites)} == set()
