"""The catalogue in which Spark changes copies of tables: who may ask it, and what a commit needs."""

import json
import urllib.error
import urllib.request
from itertools import count
from types import SimpleNamespace

import pytest

from processing.publishing.scratch import scratch_tables

_NUMBERS = count(1)


class Options(dict):
    """A session's options."""

    def set(self, name, value):
        self[name] = value

    def named(self, ending):
        return next(value for name, value in self.items() if name.endswith(ending))


@pytest.fixture
def options():
    return Options()


@pytest.fixture
def scratch(options):
    session = SimpleNamespace(conf=options, sparkContext=SimpleNamespace(applicationId=f"test {next(_NUMBERS)}"))
    return scratch_tables(session)


def answer(options, path, token=None, body=None):
    """Status and content of the answer to a request."""
    request = urllib.request.Request(f"{options.named('.uri')}{path}", body and json.dumps(body).encode())  # noqa: S310 - http
    request.add_header("X-Scratch-Token", options.named("-Token") if token is None else token)
    try:
        with urllib.request.urlopen(request) as answered:  # noqa: S310 - http
            return answered.status, json.load(answered)
    except urllib.error.HTTPError as refused:
        return refused.code, json.load(refused)


@pytest.mark.usefixtures("scratch")
def test_a_caller_without_the_sessions_token_is_refused(options):
    assert answer(options, "/v1/config") == (200, {"defaults": {}, "overrides": {}})
    assert answer(options, "/v1/config", token="another")[0] == 401


@pytest.mark.usefixtures("scratch")
def test_a_table_that_was_not_added_is_not_found(options):
    assert answer(options, "/v1/namespaces/tables/tables/none")[1]["error"]["type"] == "NoSuchTableException"


def test_a_commit_changes_the_copy_and_not_the_table(scratch, options, published):
    # given
    table = published.load(published.live)
    scratch.add("copy", table.metadata)
    update = {"action": "set-properties", "updates": {"owner": "spark"}}
    wanted = {"type": "assert-table-uuid", "uuid": str(table.metadata.table_uuid)}

    # when
    status, changed = answer(
        options, "/v1/namespaces/tables/tables/copy", body={"requirements": [wanted], "updates": [update]}
    )

    # then
    assert (status, changed["metadata"]["properties"]["owner"]) == (200, "spark")
    assert scratch.metadata("copy").properties["owner"] == "spark"
    assert "owner" not in published.load(published.live).properties


def test_a_commit_to_another_table_than_required_is_a_conflict(scratch, options, published):
    scratch.add("copy", published.load(published.live).metadata)
    wanted = {"type": "assert-table-uuid", "uuid": "00000000-0000-0000-0000-000000000000"}

    status, content = answer(
        options, "/v1/namespaces/tables/tables/copy", body={"requirements": [wanted], "updates": []}
    )

    assert (status, content["error"]["type"]) == (409, "CommitFailedException")


def test_a_copy_ends_when_it_is_removed(scratch, options, published):
    scratch.add("copy", published.load(published.live).metadata)
    assert answer(options, "/v1/namespaces/tables/tables/copy")[0] == 200

    scratch.remove(["copy"])

    assert answer(options, "/v1/namespaces/tables/tables/copy")[0] == 404
