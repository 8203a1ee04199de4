"""What the demo prints at its end fits a terminal of 80 columns."""

import io
import json
import os
import subprocess

import polars as pl
import pytest
from typer import Exit

from lake.keys import parse_inbound_key
from local.commands import _errors_for_a_person, errors
from local.demo import tables
from local.demo.access_check import DENIED, READS, AccessMatrix
from local.demo.demo import DemoResult, ObjectResult
from local.demo.events import EventsResult
from local.errors import LocalError
from local.platform_instance import LocalPlatform
from ops.stack.row_accounts import RowAccount
from ops.stack.terminal import PrintableConsole
from reports import REPORTS

WIDTH = 80
URL = "http://127.0.0.1:4566/restapis/abcdefghij/v1/_user_request_"
TEAMS = sorted({report.team for report in REPORTS.values()})
PLACES = (*TEAMS, "inbound", "warehouse", "quarantine")


@pytest.fixture
def console():
    return PrintableConsole(file=io.StringIO(), width=WIDTH)


def printed(console):
    return console.file.getvalue().splitlines()


@pytest.fixture
def result():
    """A demo of a file with a long name, whose rows break a rule with a long name."""
    account = RowAccount(10_000, 9_767, 153, 80)
    inbound = parse_inbound_key(f"inbound/parcels/2026/11/22/{'my own file of parcels ' * 4}.csv")
    rules = {"registration_plate_is_in_the_style_of_the_country_of_its_first_registration": 50, "customer_id|type": 40}
    name = min(REPORTS)
    columns = [f"a_column_with_a_long_name_{number}" for number in range(6)]
    return DemoResult(
        objects=[ObjectResult(inbound, account, rules)],
        events=EventsResult({202: 250, 409: 1}, 231, account, 2_040, rules),
        report_rows=dict.fromkeys(REPORTS, 1_000_000),
        shown_report_name=name,
        shown_report=pl.DataFrame([["a long value of a report"] * 6] * 9, schema=columns, orient="row"),
        access=AccessMatrix(
            PLACES, {team: {place: (READS, DENIED)[place != team] for place in PLACES} for team in TEAMS}
        ),
        second_collection={"unchanged": 2},
        seconds={
            "Change both sources, and collect only the changes": 8.0,
            "Try to read every report and prefix as each team": 0.25,
        },
    )


@pytest.fixture
def platform(tmp_path, monkeypatch):
    """A platform in the folder that a command is typed in, which has an environment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    monkeypatch.setattr("sys.executable", str(tmp_path / ".venv/bin/python"))
    state = tmp_path / ".local"
    state.mkdir()
    monkeypatch.setattr(tables, "DEFAULT_STATE_DIRECTORY", state)
    exports = {"eventsUrl": URL}
    record = {"endpoint": "http://127.0.0.1:4566", "region": "eu-west-1", "exports": exports}
    (state / "stack.json").write_text(json.dumps(record))
    return LocalPlatform(state, 4566)


def test_tables_fit_a_terminal(console, result):
    tables.print_result(console, result)
    assert [line for line in printed(console) if len(line) > WIDTH] == []
    assert "8.2" in console.file.getvalue()  # all steps together


def test_next_steps_fit_a_terminal(console, platform):
    tables.print_next_steps(console, platform)
    assert [line for line in printed(console) if len(line) > WIDTH] == []


def test_printed_command_posts_an_event(console, platform, tmp_path):
    # given a platform's commands, and a curl that shows what it is given
    for program, code in ((".venv/bin/dataplatform", "echo secret"), ("bin/curl", 'cat; printf "%s\\n" "$@"')):
        file = tmp_path / program
        file.parent.mkdir(parents=True)
        file.write_text(f"#!/bin/sh\n{code}\n")
        file.chmod(0o755)

    # when what is printed is typed
    tables.print_next_steps(console, platform)
    text = console.file.getvalue()
    command = text[text.index("  .venv/bin/dataplatform") : text.index("\n\nThe platform keeps running")]
    path = f"{tmp_path / 'bin'}:{os.environ['PATH']}"
    shell = subprocess.run(
        ["/bin/sh", "-c", command], cwd=tmp_path, env={"PATH": path}, capture_output=True, text=True, check=True
    )

    # then
    header, *words = shell.stdout.split("\n", 6)
    assert header == "x-api-key: secret"
    assert words[:5] == ["-H", "@-", "-H", "Content-Type: application/json", f"{URL}/events"]
    assert words[5].startswith("-d\n")
    assert json.loads(words[5].removeprefix("-d\n"))["source"] == "curl"


def test_error_fits_a_terminal_but_for_a_word_that_is_longer(monkeypatch, capsys):
    # given
    path = f"/home/me/{'a-folder/' * 12}file.csv"
    monkeypatch.setattr(errors, "_width", WIDTH)

    # when
    with pytest.raises(Exit), _errors_for_a_person():
        raise LocalError(f"{path} cannot be read: {'too long to be read, ' * 9}\nExpected: another. \x1b[2J")

    # then the path can be copied, and lines of the message stay lines
    lines = capsys.readouterr().err.splitlines()
    assert lines[:2] == ["error:", path]
    assert lines[-1] == "Expected: another. \\x1b[2J"
    assert all(len(line) <= WIDTH for line in lines if line != path)
