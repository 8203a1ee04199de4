"""What `python -m local` says where nothing has to run for it."""

import os
import sys

import pytest
from typer.testing import CliRunner

import local.__main__ as commands
from local.processes import BackgroundProcess
from ops.workflow import WorkflowError


def give(*words):
    return CliRunner().invoke(commands.app, words, env={"COLUMNS": "200"})


@pytest.fixture
def started(tmp_path):
    """Starts idle processes under the names of a platform's own."""
    processes = []

    def start(name):
        process = BackgroundProcess(name, tmp_path)
        processes.append(process)
        idle = [sys.executable, "-c", "import time; time.sleep(600)"]
        process.start(idle, os.environ, is_ready=lambda: True, within_seconds=10)

    yield start
    for process in processes:
        process.stop()


@pytest.mark.parametrize(
    ("names", "answer"),
    [
        (["emulator", "sftp-source"], "The platform is stopped."),
        (["emulator"], "Of the platform only the embedded AWS was running; it is stopped."),
        (["sftp-source"], "Of the platform only the SFTP server was running; it is stopped."),
        ([], "No platform was running in "),
    ],
)
def test_down_says_what_it_stopped(tmp_path, started, names, answer):
    # given
    for name in names:
        started(name)

    # when
    result = give("down", "--state-dir", str(tmp_path))

    # then
    assert result.exit_code == 0
    assert answer in result.stdout
    assert not [name for name in names if BackgroundProcess(name, tmp_path).is_running()]


def test_the_help_of_down_says_what_stays():
    shown = " ".join(give("down", "--help").stdout.split())
    for what in ("files and keys", "sample file vehicles.csv", "logs", "lock"):
        assert what in shown


def test_a_workflow_that_cannot_be_walked_is_told_in_words(tmp_path, monkeypatch):
    # given
    def fail(*_):
        raise WorkflowError("the workflow refine has no triggers; deploy the stack again")

    monkeypatch.setattr(commands, "run_demo", fail)

    # when
    result = give("demo", "--state-dir", str(tmp_path))

    # then
    assert result.exit_code == 1
    assert "error: the workflow refine has no triggers" in result.stderr
    assert isinstance(result.exception, SystemExit)
