"""How a command starts while its packages are imported, and how it ends if its stdout cannot be written."""

import json
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from ops.stack.entry import run_application

ROOT = Path(__file__).resolve().parents[4]
FULL_DISK = Path("/dev/full")


@pytest.fixture
def outputs(tmp_path):
    """Starts the command `outputs` of a stack with more exports than a pipe holds."""
    exports = {f"export{number}": "x" * 1_000 for number in range(200)}
    record = {"endpoint": "http://127.0.0.1:9", "region": "eu-west-1", "exports": exports}
    (tmp_path / "stack.json").write_text(json.dumps(record))

    def start(*words, stdout):
        command = [sys.executable, "-m", "ops", "--state-dir", str(tmp_path), "outputs", *words]
        return subprocess.Popen(command, cwd=ROOT, stdout=stdout, stderr=subprocess.PIPE, text=True)

    return start


@pytest.mark.long
@pytest.mark.parametrize("words", [[], ["--json"]], ids=["table", "json"])
def test_closed_stdout_ends_a_command_in_silence(outputs, words):
    # given a reader that closes the pipe
    command = outputs(*words, stdout=subprocess.PIPE)
    command.stdout.close()

    # then
    assert (command.stderr.read(), command.wait()) == ("", 141)
    command.stderr.close()


@pytest.mark.long
@pytest.mark.skipif(not FULL_DISK.exists(), reason="this system does not have /dev/full")
@pytest.mark.parametrize("words", [[], ["--json"]], ids=["table", "json"])
def test_full_disk_behind_stdout_is_one_line(outputs, words):
    with FULL_DISK.open("w") as full:
        command = outputs(*words, stdout=full)
        said = command.stderr.read()
    assert (len(said.splitlines()), command.wait()) == (1, 1), said
    assert said.startswith("error: No space left on device")
    command.stderr.close()


class Watched:
    """A stderr that lets a test wait for a line."""

    def __init__(self):
        self.text, self.written = "", threading.Event()

    def write(self, text):
        self.text += text
        self.written.set()

    def flush(self):
        """Do nothing, because nothing is buffered."""


@pytest.mark.parametrize(("command", "reported"), [("demo", True), ("status", False)])
def test_watched_command_reports_a_long_import(monkeypatch, command, reported):
    # given a command whose import lasts until something is reported, or a moment
    before, stderr = signal.getsignal(signal.SIGTERM), Watched()
    monkeypatch.setattr(sys, "argv", ["dataplatform", command])
    monkeypatch.setattr(sys, "stderr", stderr)

    def load():
        stderr.written.wait(30 if reported else 0.1)
        return lambda **_: None

    # when
    run_application(load, "dataplatform", silence_seconds=0.01)
    signal.signal(signal.SIGTERM, before)

    # then
    assert stderr.text.startswith("  loading Python's packages, ") == reported
