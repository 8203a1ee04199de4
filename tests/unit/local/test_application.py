"""`dataplatform`: every command of `python -m local` and `python -m ops` under one name."""

import tomllib
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from local.application import app
from local.commands import app as local_app
from ops.commands import app as ops_app
from ops.stack import platforms

ROOT = Path(__file__).resolve().parents[3]
SERVERS = {"docs", "run-image"}
"""They run until they are stopped, and print no result."""


def commands_of(application, words=()):
    """Each command of an application, as a person types it."""
    group = application if hasattr(application, "commands") else typer.main.get_command(application)
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands_of(command, (*words, name))
        else:
            yield " ".join((*words, name)), command


def give(*words, **environment):
    return CliRunner().invoke(app, words, prog_name="dataplatform", env={"COLUMNS": "200", **environment})


@pytest.fixture(autouse=True)
def no_platform(tmp_path, monkeypatch):
    """A clone in which no platform was ever started."""
    monkeypatch.setattr(platforms, "DEFAULT_STATE_DIRECTORY", tmp_path / ".local")
    monkeypatch.setattr(platforms, "_ELSEWHERE", tmp_path / ".build/state-directories")


def test_one_name_has_every_command():
    # given the two applications, which share no command
    parts = [name for part in (local_app, ops_app) for name, _ in commands_of(part)]
    assert len(parts) == len({*parts})

    # then
    assert sorted(name for name, _ in commands_of(app)) == sorted(parts)


@pytest.mark.parametrize(
    ("name", "command"), [*commands_of(app)], ids=lambda each: each if isinstance(each, str) else ""
)
def test_every_command_with_a_result_has_json(name, command):
    options = {option for parameter in command.params for option in parameter.opts}
    assert ("--json" in options) == (name not in SERVERS)


def test_version_is_the_one_of_the_project():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert give("--version").stdout == f"dataplatform {project['version']}\n"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_completes_commands(shell):
    shown = give(_DATAPLATFORM_COMPLETE=f"source_{shell}").stdout
    assert f"complete_{shell}" in shown
    assert "dataplatform" in shown


def test_names_of_datasets_are_completed():
    words = {"COMP_WORDS": "dataplatform collect pa", "COMP_CWORD": "2"}
    assert give(_DATAPLATFORM_COMPLETE="complete_bash", **words).stdout.split() == ["parcels"]


@pytest.mark.parametrize(
    "words",
    [["--state-dir", "STATE", "down"], ["down", "--state-dir", "STATE"], ["down", "--state-dir=STATE"]],
)
def test_state_directory_is_accepted_before_and_after_a_command(tmp_path, words):
    result = give(*(word.replace("STATE", str(tmp_path / "state")) for word in words))
    assert result.stdout == f"Nothing to do: no platform is running in {tmp_path / 'state'}.\n"


@pytest.mark.parametrize("words", [["--stack", "nope", "status"], ["status", "--stack=nope"]])
def test_stack_is_accepted_before_and_after_a_command(words):
    assert "unknown stack 'nope'; choose one of dev, local, prod" in give(*words).stderr


def test_environment_names_stack_and_state_directory(tmp_path):
    of_stack = give("status", DATAPLATFORM_STACK="nope")
    of_state = give("down", DATAPLATFORM_STATE_DIR=str(tmp_path / "two"))
    assert "unknown stack 'nope'" in of_stack.stderr
    assert str(tmp_path / "two") in of_state.stdout


def test_command_without_a_platform_names_the_ways_out():
    result = give("status")
    assert result.exit_code == 2
    for way in ("up", "--stack dev", "DATAPLATFORM_STACK"):
        assert way in result.stderr
