"""`--json` of every command prints one document to stdout, and everything else to stderr."""

import json

import pytest
import typer

from ops.commands import app
from tests.support.platform_steps import deliver

pytestmark = [pytest.mark.emulator, pytest.mark.xdist_group("platform")]

ROWS = b"member_id,town,size,label\n1,Leeds,Small,AB12CDE\nx,Leeds,Small,AB13CDE\n"
SOURCE = "a.csv"
READ_ONLY = {
    "outputs": [],
    "events-key": [],
    "status": [],
    "runs": [],
    "access": ["--principal", "accounts"],
    "redrive": ["events"],
    "quarantine list": [],
    "reconcile": [],
    "sql": ["SELECT 1"],
}
"""Commands that change nothing, with what they need on a platform that has any data."""
LONG = {
    "collect": ["parcels"],
    "run": ["refine"],
    "quarantine show": ["KEY"],
    "quarantine release": ["KEY", "--yes"],
    "replay": ["--dataset", "parcels", "--object", "KEY", "--yes"],
    "trace": ["KEY"],
    "report": ["--output", "FOLDER/report.html"],
    "try": ["tests/declarations/datasets/parcels.py", "FOLDER/a.csv"],
}
"""Commands on one file, in this order."""
# The local stack runs no servers of its own, so the answer is the reason.
WITHOUT_A_RESULT = {"sources"}


def only_document(result):
    """Return the document on stdout of a successful command."""
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def test_every_command_is_given_here():
    group = typer.main.get_command(app)
    names = {
        " ".join(filter(None, (name, inner)))
        for name, command in group.commands.items()
        for inner in getattr(command, "commands", [""])
    }
    assert {*READ_ONLY, *LONG} | WITHOUT_A_RESULT == names


@pytest.mark.parametrize("command", READ_ONLY)
def test_reading_command_prints_one_document(ops, command):
    only_document(ops(*command.split(), *READ_ONLY[command], "--json"))


@pytest.mark.long
def test_commands_on_a_file_print_one_document_each(ops, outgoing, tmp_path):
    # given a file with a refused row
    deliver(outgoing / SOURCE, ROWS)
    (tmp_path / SOURCE).write_bytes(ROWS)
    key, documents = "", {}

    # when each command runs
    for command, words in LONG.items():
        given = [word.replace("KEY", key).replace("FOLDER", str(tmp_path)) for word in words]
        result = ops(*command.split(), *given, "--json")
        documents[command] = only_document(result)
        if command == "collect":
            key = next(each["key"] for each in documents["collect"]["collected"] if each["source"].endswith(SOURCE))

    # then the documents report the work, and the jobs' logs are on stderr
    assert [each["state"] for each in documents["run"]["jobs"]] == ["SUCCEEDED", "SUCCEEDED"]
    assert documents["quarantine show"]["refused"] == 1
    for command in ("quarantine release", "replay"):
        assert documents[command]["objects"] == [key]
    assert {"inbound", "warehouse", "quarantine"} <= {step["place"] for step in documents["trace"]}
    assert documents["try"]["refused"] == 1


@pytest.mark.long
def test_failed_job_is_in_the_document_and_its_reason_on_stderr(ops, target):
    # given that no such object landed
    result = ops("run", "sanitise", "--object", "inbound/parcels/2026/01/02/nothing.csv", "--json")

    # then
    assert result.exit_code == 1
    assert json.loads(result.stdout)["jobs"] == [{"job": target.exports["sanitiseJob"], "state": "FAILED"}]
    assert "no such objects" in result.stderr
