"""The commands as a person types them: up, demo, down, ops; what they print, leave behind and exit with."""

import fcntl
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from emulation.aws.emulator import check_port_is_free
from emulation.processes import BackgroundProcess
from ops.stack.row_accounts import landed_objects
from ops.stack.target import find_target
from tests.support.checkouts import copy_checkout
from tests.support.emulators import free_port

pytestmark = [pytest.mark.emulator, pytest.mark.xdist_group("commands"), pytest.mark.timeout(180)]

ROOT = Path(__file__).resolve().parents[2]
FEW_EVENTS = ["--events", "100"]


class CommandLine:
    """A platform of its own, used by its commands alone."""

    def __init__(self, state: Path) -> None:
        self.state, self.port = state, free_port()

    def arguments(self, module, *words):
        platform = ["--state-dir", str(self.state)]
        if module == "ops":
            return [sys.executable, "-m", "ops", "--stack", "local", *platform, *words]
        port = [] if words[0] == "down" else ["--port", str(self.port)]
        return [sys.executable, "-m", module, *words, *platform, *port]

    def run(self, module, *words, cwd=ROOT, also=None):
        environment = {**os.environ, "COLUMNS": "200", **(also or {})}
        return subprocess.run(
            self.arguments(module, *words), cwd=cwd, env=environment, capture_output=True, text=True, check=False
        )


@pytest.fixture
def command_line(tmp_path):
    line = CommandLine(tmp_path / "state")
    yield line
    if (line.state / "instance").exists():
        line.run("local", "down")


@pytest.fixture(scope="module")
def platform_that_is_up(tmp_path_factory):
    """One that several tests operate."""
    line = CommandLine(tmp_path_factory.mktemp("operated") / "state")
    started = line.run("local", "up")
    assert started.returncode == 0, started.stderr
    yield line
    line.run("local", "down")


def listens(port):
    try:
        check_port_is_free(port)
    except Exception:  # noqa: BLE001 - taken, for whatever reason
        return True
    return False


def processes_that_name(text):
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        command = " ".join(process.info["cmdline"] or [])
        if text in command and process.pid != os.getpid() and process.info["status"] != psutil.STATUS_ZOMBIE:
            found.append(command)
    return found


EVENTS_SHOWN = "102 in the published view, of 118 that landed"


@pytest.mark.long  # .ci/run types the demo beside `make test`
def test_the_demo_shows_the_whole_way(command_line):
    # when the demo runs
    first = command_line.run("local", "demo", *FEW_EVENTS)

    # then it shows the accounting, the access and where to go on
    assert first.returncode == 0, first.stdout + first.stderr
    counts = {
        name: int(re.search(rf"{name} +│ +([\d,]+)", first.stdout)[1].replace(",", ""))
        for name in ("rows in", "= in the warehouse", r"\+ quarantined", r"\+ duplicates dropped")
    }
    rows_in, *parts = counts.values()
    assert rows_in == 10_000
    assert rows_in == sum(parts)
    assert all(parts)
    assert "quarantined by registration_plate" in first.stdout
    assert re.search(r"marketing +denied +reads +denied +denied", first.stdout)
    assert "nothing is collected twice" in first.stdout

    # and of the events, those in the view and how to post another
    assert EVENTS_SHOWN in first.stdout
    assert re.search(r"requests answered 409 Conflict +│ +1 ", first.stdout)
    assert re.search(r"echo \"x-api-key: \$\(.* events-key.*\)\" \| curl -H @- .*/events", first.stdout)
    assert "python -m local down" in first.stdout


@pytest.mark.long
@pytest.mark.timeout(400)
def test_a_second_demo_collects_nothing_twice(command_line):
    # given a platform that showed the demo
    assert command_line.run("local", "demo", *FEW_EVENTS).returncode == 0

    # when it is shown again, with a proxy and a profile that are of no use here
    nowhere = dict.fromkeys(("HTTP_PROXY", "http_proxy"), "http://127.0.0.1:1") | {"AWS_PROFILE": "none-of-this-name"}
    second = command_line.run("local", "demo", *FEW_EVENTS, also={**nowhere, "NO_PROXY": "", "no_proxy": ""})

    # then it finds everything as it was
    assert second.returncode == 0, second.stdout + second.stderr
    assert "0 resources created" in second.stdout
    assert "nothing new, 2 unchanged" in second.stdout
    assert EVENTS_SHOWN in second.stdout


@pytest.mark.long
def test_the_demo_takes_the_callers_own_file(command_line, tmp_path):
    # given a file with a space and an accent in its name
    mine = tmp_path / "mes véhicules.csv"
    mine.write_text("customer_id,model,colour,registration_plate\n1,Corsa,Red,AB12CDE\nx,Corsa,Red,AB13CDE\n")

    # when the demo is given it
    result = command_line.run("local", "demo", "--vehicles", str(mine), "--down", *FEW_EVENTS)

    # then that is what the reports are of, and the platform is gone as asked
    assert result.returncode == 0, result.stdout + result.stderr
    assert re.search(r"mes véhicules\.csv: rows in +│ +2 ", result.stdout)
    assert not listens(command_line.port)


@pytest.mark.long
def test_a_person_operates_the_stack_by_its_exports(platform_that_is_up):
    # given a platform that is up: its exports, its status and its jobs are there
    exports = json.loads(platform_that_is_up.run("ops", "outputs", "--json").stdout)
    assert exports["lakeBucket"]
    assert "vehicles" in platform_that_is_up.run("ops", "status").stdout
    (platform_that_is_up.state / "sftp-source/root/outgoing/vehicles").mkdir(parents=True)
    assert "0 collected, 0 unchanged" in platform_that_is_up.run("ops", "collect", "vehicles").stdout
    jobs = platform_that_is_up.run("ops", "run", "refine")
    assert jobs.returncode == 0, jobs.stderr
    assert f"{exports['warehouseJob']} SUCCEEDED" in jobs.stdout
    assert f"{exports['martJob']} SUCCEEDED" in jobs.stdout
    assert "customers_by_fleet_size: 0 rows" in jobs.stdout


@pytest.mark.long
def test_a_file_that_cannot_be_read_is_told_of_once_and_holds_nothing_up(platform_that_is_up):
    # given an object that is no CSV of vehicles, with what could be taken for markup in its name
    target = find_target("local", platform_that_is_up.state)
    key = "inbound/vehicles/2026/01/02/[red]strange.csv"
    target.client("s3").put_object(Bucket=target.bucket, Key=key, Body=b"a,b\n1,2\n")

    # when the workflow runs
    result = platform_that_is_up.run("ops", "run", "refine")

    # then its line says why, and the reports are made
    assert result.returncode == 0, result.stderr
    assert f"{key}: cannot be read, quarantined whole: header with missing columns" in result.stdout
    assert result.stdout.count("missing columns") == 1
    assert f"{target.exports['martJob']} SUCCEEDED" in result.stdout

    # and a job that fails says so once, in words
    failed = platform_that_is_up.run("ops", "run", "sanitise", "--object", "inbound/vehicles/2026/01/02/nothing.csv")
    assert failed.returncode == 1
    assert failed.stderr.count("no such object to replay") == 1
    assert "Traceback" not in failed.stdout + failed.stderr


def test_ops_says_how_to_start_what_is_not_up(command_line):
    result = command_line.run("ops", "status")
    assert result.returncode == 1
    assert "python -m local up" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_port_that_is_taken_is_named_with_the_way_out(command_line):
    # given something that listens on the port
    with socket.create_server(("127.0.0.1", command_line.port)):
        # when the platform is started
        result = command_line.run("local", "up")

    # then it says so
    assert result.returncode == 1
    assert f"port {command_line.port}" in result.stderr
    assert "--port" in result.stderr


@pytest.mark.long
def test_two_platforms_run_side_by_side(command_line):
    # given two of them
    other = CommandLine(command_line.state.parent / "other")
    try:
        assert command_line.run("local", "up").returncode == 0
        assert other.run("local", "up").returncode == 0

        # when one is stopped
        command_line.run("local", "down")

        # then the other still works
        assert not listens(command_line.port)
        assert other.run("ops", "status").returncode == 0
    finally:
        other.run("local", "down")


def interrupt(command_line, words, reached):
    """Type ctrl-C in a command once it got so far; exit code and output."""
    # given the command in a terminal of its own
    command = subprocess.Popen(
        command_line.arguments("local", *words),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    deadline = time.monotonic() + 120
    while not reached():
        assert command.poll() is None, command.communicate()[0]
        assert time.monotonic() < deadline
        time.sleep(0.01)  # between two polls

    # when ctrl-C is typed, which reaches everything in the terminal's foreground
    os.killpg(command.pid, signal.SIGINT)
    output, _ = command.communicate(timeout=60)
    assert "Traceback" not in output
    return command.returncode, output


def jobs_run(command_line):
    return bool(processes_that_name(str(command_line.state / "tmp" / "glue-job-")))


@pytest.mark.parametrize(
    "moment",
    [
        "at once",
        pytest.param("while it deploys", marks=pytest.mark.long),
        pytest.param("while the jobs run", marks=pytest.mark.long),
    ],
)
def test_ctrl_c_in_the_demo_leaves_no_process_and_no_port(command_line, moment):
    # when
    reached = {
        "at once": BackgroundProcess("emulator", command_line.state).is_running,
        "while it deploys": (command_line.state / "engine.json").exists,
        "while the jobs run": lambda: jobs_run(command_line),
    }[moment]
    code, output = interrupt(command_line, ["demo", *FEW_EVENTS], reached)

    # then nothing is left of it
    assert code == 130, output
    assert not listens(command_line.port)
    assert processes_that_name(str(command_line.state)) == []
    assert not (command_line.state / "tmp").exists()


@pytest.mark.long
def test_ctrl_c_leaves_a_platform_that_was_up_before_as_it_was(command_line):
    # given a platform with data, whose SFTP server was stopped
    assert command_line.run("local", "up").returncode == 0
    target = find_target("local", command_line.state)
    target.client("s3").put_object(Bucket=target.bucket, Key="inbound/vehicles/2026/01/01/kept.csv", Body=b"kept")
    source = BackgroundProcess("sftp-source", command_line.state)
    source.stop()

    # when ctrl-C is typed in a demo on it
    code, output = interrupt(command_line, ["demo", *FEW_EVENTS], source.is_running)

    # then the data is there, and what the demo started is not
    assert code == 130, output
    assert "the platform was up before and stays up" in output
    assert [each.inbound.file_name for each in landed_objects(target, "vehicles")] == ["kept.csv"]
    assert not source.is_running()

    # and a fresh start that is interrupted leaves nothing, as it was to
    code, output = interrupt(command_line, ["up", "--fresh"], source.is_running)
    assert code == 130, output
    assert "no process and no port is left" in output
    assert processes_that_name(str(command_line.state)) == []


@pytest.fixture
def checkout(tmp_path):
    """A copy of the repository's files, to change."""
    folder = tmp_path / "checkout"
    copy_checkout(folder)
    return folder


@pytest.mark.long
def test_changed_function_code_is_updated_in_place_and_the_lake_keeps_its_data(command_line, checkout):
    # given a platform with data
    assert command_line.run("local", "up", cwd=checkout).returncode == 0
    target = find_target("local", command_line.state)
    target.client("s3").put_object(Bucket=target.bucket, Key="inbound/vehicles/2026/01/01/kept.csv", Body=b"kept")

    # when a function's code changes and the program is deployed again
    handler = checkout / "functions/sftp_collector/handler.py"
    handler.write_text(handler.read_text() + "\n# changed\n")
    result = command_line.run("local", "up", cwd=checkout)

    # then the functions, which share their code, are updated and nothing else
    assert result.returncode == 0, result.stderr
    functions = target.client("lambda").list_functions()["Functions"]
    assert f"0 resources created, {len(functions)} updated" in result.stdout
    assert [each.inbound.file_name for each in landed_objects(target, "vehicles")] == ["kept.csv"]


@pytest.mark.long
def test_any_other_change_needs_a_fresh_platform_and_gets_one(command_line, checkout):
    # given a platform that is up
    assert command_line.run("local", "up", cwd=checkout).returncode == 0

    # when a setting changes that the engine cannot update
    settings = checkout / "Pulumi.local.yaml"
    settings.write_text(settings.read_text().replace("logRetentionDays: 7", "logRetentionDays: 14"))
    refused = command_line.run("local", "up", cwd=checkout)

    # then it says what changed and how to go on, and that works
    assert refused.returncode == 1
    assert "retentionInDays" in refused.stderr
    assert "up --fresh" in refused.stderr
    fresh = command_line.run("local", "up", "--fresh", cwd=checkout)
    assert fresh.returncode == 0, fresh.stderr
    assert command_line.run("ops", "status", cwd=checkout).returncode == 0


def test_a_second_command_waits_for_no_half_started_platform(command_line):
    # given that another command is starting the platform
    command_line.state.mkdir()
    with (command_line.state / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)

        # when a second one is given
        result = command_line.run("local", "up")

    # then it says so, and starts nothing
    assert result.returncode == 1
    assert "another command is starting the platform" in result.stderr
    assert not listens(command_line.port)
