"""The output of `dataplatform` where no platform needs to run."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from emulation.processes import BackgroundProcess
from emulation.sftp_server.process import SourceServer
from local import commands, platform_instance
from local.platform_instance import LocalPlatform
from ops.jobs.workflow import WorkflowError
from ops.stack import platforms
from tests.support.signal_handlers import handlers  # noqa: F401  # a fixture

ROOT = Path(__file__).resolve().parents[3]


def give(*words):
    return CliRunner().invoke(commands.app, words, env={"COLUMNS": "200"})


@pytest.fixture(autouse=True)
def no_platform(tmp_path, monkeypatch):
    """A clone that records the platforms of these tests elsewhere."""
    monkeypatch.setattr(platforms, "_ELSEWHERE", tmp_path / ".build/state-directories")


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
        (["emulator", "sftp-source", "sql-source-stock", "sql-source-till"], "The platform is stopped."),
        (["emulator"], "Only the embedded AWS was running; it is stopped."),
        (
            ["emulator", "sftp-source", "sql-source-till"],
            "Only the SFTP server and the SQL Server till",
        ),
        (["sftp-source"], "Only the SFTP server was running; it is stopped."),
        ([], "Nothing to do: no platform is running in "),
    ],
)
def test_down_says_what_it_stopped(tmp_path, started, names, answer):
    # given
    for name in names:
        started(name)
    for server in ("stock", "till"):
        (tmp_path / "sql-source" / server).mkdir(parents=True)

    # when
    result = give("down", "--state-dir", str(tmp_path))

    # then
    assert result.exit_code == 0
    assert answer in result.stdout
    assert not [name for name in names if BackgroundProcess(name, tmp_path).is_running()]


def test_the_help_of_down_says_what_stays():
    shown = " ".join(give("down", "--help").stdout.split())
    for what in ("files and keys", "sample file", "logs", "lock"):
        assert what in shown


def test_a_workflow_that_cannot_be_walked_is_told_in_words(tmp_path, monkeypatch):
    # given
    def fail(*_):
        raise WorkflowError("the workflow refine does not have triggers; deploy the stack again")

    monkeypatch.setattr(commands, "load_sample", lambda: None)
    monkeypatch.setattr(commands, "run_demo", fail)

    # when
    result = give("demo", "--state-dir", str(tmp_path))

    # then
    assert result.exit_code == 1
    assert "error: the workflow refine does not have triggers" in result.stderr
    assert isinstance(result.exception, SystemExit)


@pytest.mark.parametrize(
    ("number", "code", "word"), [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")]
)
@pytest.mark.usefixtures("handlers")
def test_stopped_command_cleans_up_and_says_so(tmp_path, monkeypatch, number, code, word):
    # given a deployment that is stopped
    def stop(*_, **__):
        os.kill(os.getpid(), number)

    abandoned, ignored = [], []
    monkeypatch.setattr(LocalPlatform, "up", stop)
    monkeypatch.setattr(LocalPlatform, "abandon", lambda _, ran: abandoned.append(ran))
    monkeypatch.setattr(commands, "ignore_signals", lambda: ignored.append(True))

    # when
    result = give("up", "--state-dir", str(tmp_path))

    # then
    assert (result.exit_code, abandoned, ignored) == (code, [frozenset()], [True])
    assert result.stderr.startswith(f"{word}; stopping everything that this command started")


@pytest.mark.parametrize("package", ["local", "ops"])
def test_ctrl_c_before_there_is_a_command_is_one_line(package):
    # given an import that ctrl-C interrupts
    code = (
        "import runpy, sys\n"
        "class Interrupted:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'botocore': raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Interrupted())\n"
        f"runpy.run_module('{package}', run_name='__main__')\n"
    )

    # when
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)

    # then
    assert (result.returncode, result.stdout, result.stderr) == (130, "", "interrupted\n")


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ("", "does not have aws:region, such as eu-west-1"),
        (
            "config: {aws:region: eu-west-1, data-platform:connections: {a: }}",
            "the server of data-platform:connections.a",
        ),
        ("config: {aws:region: eu-west-1, data-platform:databases: 7}", "names under data-platform:databases"),
    ],
)
def test_missing_settings_of_the_local_platform_are_named(tmp_path, monkeypatch, settings, complaint):
    # given
    (tmp_path / "Pulumi.yaml").write_text("name: data-platform\n")
    (tmp_path / "Pulumi.local.yaml").write_text(settings)
    monkeypatch.setattr(platform_instance, "PROGRAM", tmp_path)

    # when
    result = give("up", "--state-dir", str(tmp_path / "state"))

    # then
    assert result.exit_code == 1
    assert "Pulumi.local.yaml" in result.stderr
    assert complaint in result.stderr
    assert give("down", "--state-dir", str(tmp_path / "state")).exit_code == 0


def test_misspelt_connection_setting_is_left_to_the_program(tmp_path, monkeypatch):
    # given
    misspelt = {"host": "localhost", "prot": 2222}
    written = {"config": {"data-platform:connections": {"depot": misspelt}, "aws:region": "eu-west-1"}}
    (tmp_path / "Pulumi.yaml").write_text("name: data-platform\n")
    (tmp_path / "Pulumi.local.yaml").write_text(yaml.safe_dump(written))
    monkeypatch.setattr(platform_instance, "PROGRAM", tmp_path)
    monkeypatch.setattr(SourceServer, "port", 2000)
    monkeypatch.setattr(SourceServer, "host_key", "ssh-ed25519 AAAA")

    # when the stand-in's address is inserted
    connections = LocalPlatform(tmp_path, 4566, program=tmp_path)._configuration()["data-platform:connections"]

    # then the word is still there
    assert connections["depot"]["prot"] == 2222
    assert connections["depot"]["port"] == 2000


def test_a_platform_keeps_its_port_and_refuses_another(tmp_path, started):
    # given a platform on a port of its own
    started("emulator")
    (tmp_path / "port").write_text("4711")

    # then that port is used
    assert platform_instance.find_platform(tmp_path).port == 4711

    # and a command that names another is refused
    result = give("up", "--state-dir", str(tmp_path), "--port", "4712")
    assert result.exit_code == 1
    assert "uses port 4711, not 4712" in result.stderr


def test_a_new_platform_has_the_port_asked_for_or_the_usual_one(tmp_path):
    assert platform_instance.find_platform(tmp_path).port == 4566
    assert platform_instance.find_platform(tmp_path, 4600).port == 4600


def test_down_deletes_what_a_killed_command_left(tmp_path):
    # given
    (tmp_path / "tmp" / "glue-job-x").mkdir(parents=True)

    # when
    give("down", "--state-dir", str(tmp_path))

    # then
    assert not (tmp_path / "tmp").exists()
