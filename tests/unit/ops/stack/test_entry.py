"""A command whose stdout cannot be written ends with its exit code, and says at most one line."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.long

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


@pytest.mark.parametrize("words", [[], ["--json"]], ids=["table", "json"])
def test_closed_stdout_ends_a_command_in_silence(outputs, words):
    # given a reader that has seen enough
    command = outputs(*words, stdout=subprocess.PIPE)
    command.stdout.close()

    # then
    assert (command.stderr.read(), command.wait()) == ("", 141)
    command.stderr.close()


@pytest.mark.skipif(not FULL_DISK.exists(), reason="this system does not have /dev/full")
@pytest.mark.parametrize("words", [[], ["--json"]], ids=["table", "json"])
def test_full_disk_behind_stdout_is_one_line(outputs, words):
    with FULL_DISK.open("w") as full:
        command = outputs(*words, stdout=full)
        said = command.stderr.read()
    assert (len(said.splitlines()), command.wait()) == (1, 1), said
    assert said.startswith("error: No space left on device")
    command.stderr.close()
