"""The demo as a person types it: its output, its leftovers and its exit codes."""

import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

from emulation.processes import BackgroundProcess
from ops.stack.row_accounts import landed_objects
from ops.stack.target import find_target
from tests.support.command_line import CommandLine, listens, processes_that_name

pytestmark = [pytest.mark.emulator, pytest.mark.xdist_group("commands"), pytest.mark.timeout(180)]

ROOT = Path(__file__).resolve().parents[2]
FEW_EVENTS = ["--events", "100"]


@pytest.fixture
def command_line(tmp_path):
    line = CommandLine(tmp_path / "state", ROOT)
    yield line
    line.clear_up()


EVENTS_SHOWN = "102 in the published table, 118 landed"


@pytest.mark.long  # .ci/run runs the demo beside `make test`
def test_the_demo_shows_the_whole_way(command_line):
    # when the demo runs in a terminal of 80 columns
    first = command_line.run("local", "demo", *FEW_EVENTS, also={"COLUMNS": "80"})

    # then it shows the accounting, the access and the next steps
    assert first.returncode == 0, first.stdout + first.stderr
    counts = {
        name: int(re.search(rf"{name} +│ +([\d,]+)", first.stdout)[1].replace(",", ""))
        for name in ("rows in", "= clean", r"\+ quarantined", r"\+ duplicates dropped")
    }
    rows_in, *parts = counts.values()
    assert rows_in == 10_000
    assert rows_in == sum(parts)
    assert all(parts)
    assert "quarantined by registration_plate" in first.stdout
    assert re.search(r"marketing +denied +reads +denied +denied", first.stdout)
    assert "no file was collected twice" in first.stdout

    # and for the events, how many are in the view and how to post another
    assert EVENTS_SHOWN in first.stdout
    assert re.search(r"requests answered 409 Conflict +│ +1 ", first.stdout)
    assert re.search(r" events-key \w+ \|\n +sed .*\|\n +curl -H @- .*\n.*/events ", first.stdout)
    assert "dataplatform down" in first.stdout

    # and everything fits, except the path of a folder that a person chose
    lines = (first.stdout + first.stderr).replace(str(command_line.state), "").splitlines()
    assert [line for line in lines if len(line) > 80] == []


@pytest.mark.long
@pytest.mark.timeout(400)
def test_a_second_demo_collects_nothing_twice(command_line):
    # given a platform that has shown the demo
    assert command_line.run("local", "demo", *FEW_EVENTS).returncode == 0

    # when it is shown again, with a proxy and a profile that do not work here
    nowhere = dict.fromkeys(("HTTP_PROXY", "http_proxy"), "http://127.0.0.1:1") | {"AWS_PROFILE": "none-of-this-name"}
    second = command_line.run("local", "demo", *FEW_EVENTS, also={**nowhere, "NO_PROXY": "", "no_proxy": ""})

    # then it finds everything unchanged
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

    # then the reports are of this file, and the platform is gone as requested
    assert result.returncode == 0, result.stdout + result.stderr
    assert re.search(r"mes véhicules\.csv: rows in +│ +2 ", result.stdout)
    assert not listens(command_line.port)


def interrupt(command_line, words, reached, number=signal.SIGINT):
    """Type ctrl-C in a command once it has got so far, or send it another signal; return exit code and output."""
    # given the command in its own terminal
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

    # when ctrl-C is typed, which reaches everything in the terminal's foreground; other signals reach only the command
    (os.killpg if number is signal.SIGINT else os.kill)(command.pid, number)
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
def test_sigterm_in_the_demo_leaves_no_process_and_no_port(command_line):
    # when it is sent while the demo deploys
    code, output = interrupt(
        command_line, ["demo", *FEW_EVENTS], (command_line.state / "engine.json").exists, signal.SIGTERM
    )

    # then nothing is left of it
    assert code == 143, output
    assert not listens(command_line.port)
    assert processes_that_name(str(command_line.state)) == []


@pytest.mark.long
def test_ctrl_c_leaves_a_platform_that_was_up_before_as_it_was(command_line):
    # given a platform with data, whose SFTP server was stopped
    assert command_line.run("local", "up").returncode == 0
    target = find_target("local", command_line.state)
    target.client("s3").put_object(Bucket=target.bucket, Key="inbound/vehicles/2026/01/01/kept.csv", Body=b"kept")
    source = BackgroundProcess("sftp-source", command_line.state)
    source.stop()

    # when ctrl-C is typed during a demo on it
    code, output = interrupt(command_line, ["demo", *FEW_EVENTS], source.is_running)

    # then the data remains, and what the demo started does not
    assert code == 130, output
    assert "the platform was already running and keeps running" in output
    assert [each.inbound.file_name for each in landed_objects(target, "vehicles")] == ["kept.csv"]
    assert not source.is_running()

    # and an interrupted fresh start leaves nothing
    code, output = interrupt(command_line, ["up", "--fresh"], source.is_running)
    assert code == 130, output
    assert "no process is left, and no port is in use" in output
    assert processes_that_name(str(command_line.state)) == []
