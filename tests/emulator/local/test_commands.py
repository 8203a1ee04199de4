"""The commands as a person types them: up, down, ops; what they print, leave behind and exit with."""

import fcntl
import json
import socket

import pytest

from ops.stack.row_accounts import landed_objects
from ops.stack.target import find_target
from tests.support.command_line import CommandLine, listens
from tests.support.platform_steps import put_inbound
from tests.support.program import copy_program

pytestmark = [pytest.mark.long, pytest.mark.emulator, pytest.mark.xdist_group("commands"), pytest.mark.timeout(400)]


@pytest.fixture(scope="module")
def unchanged(tmp_path_factory):
    """A copy of the program with the tests' declarations, for commands that find themselves by their files."""
    return copy_program(tmp_path_factory.mktemp("program") / "unchanged")


@pytest.fixture
def program_copy(tmp_path):
    """A copy to change."""
    return copy_program(tmp_path / "program")


@pytest.fixture
def command_line(tmp_path, unchanged):
    line = CommandLine(tmp_path / "state", unchanged)
    yield line
    line.clear_up()


@pytest.fixture(scope="module")
def platform_that_is_up(tmp_path_factory, unchanged):
    """One that several tests operate."""
    line = CommandLine(tmp_path_factory.mktemp("operated") / "state", unchanged)
    started = line.run("local", "up")
    assert started.returncode == 0, started.stderr
    yield line
    line.run("local", "down")


def test_a_person_operates_the_stack_by_its_exports(platform_that_is_up):
    # given a platform that is up: its exports, its status and its jobs are there
    exports = json.loads(platform_that_is_up.run("ops", "outputs", "--json").stdout)
    assert exports["lakeBucket"]
    assert "parcels" in platform_that_is_up.run("ops", "status").stdout
    (platform_that_is_up.state / "sftp-source/root/outgoing/parcels").mkdir(parents=True)
    assert "0 collected, 0 unchanged" in platform_that_is_up.run("ops", "collect", "parcels").stdout
    jobs = platform_that_is_up.run("ops", "run", "refine")
    assert jobs.returncode == 0, jobs.stderr
    assert f"{exports['warehouseJob']} SUCCEEDED" in jobs.stdout
    assert f"{exports['martJob']} SUCCEEDED" in jobs.stdout
    assert "members_by_parcel_count: 0 rows" in jobs.stdout


def test_a_file_that_cannot_be_read_is_told_of_once_and_holds_nothing_up(platform_that_is_up):
    # given an object that is not a CSV file of parcels, with what could be taken for markup in its name
    target = find_target("local", platform_that_is_up.state)
    key = "inbound/parcels/2026/01/02/[red]strange.csv"
    put_inbound(target, (key, b"a,b\n1,2\n"))

    # when the workflow runs
    result = platform_that_is_up.run("ops", "run", "refine")

    # then its line says why, and the reports are made
    assert result.returncode == 0, result.stderr
    assert f"{key}: cannot be read, quarantined whole: header with missing columns" in result.stdout
    assert result.stdout.count("missing columns") == 1
    assert f"{target.exports['martJob']} SUCCEEDED" in result.stdout

    # and a job that fails says so once, in words
    failed = platform_that_is_up.run("ops", "run", "sanitise", "--object", "inbound/parcels/2026/01/02/nothing.csv")
    assert failed.returncode == 1
    assert failed.stderr.count("no such objects") == 1
    assert "Traceback" not in failed.stdout + failed.stderr


def test_ops_says_how_to_start_what_is_not_up(command_line):
    result = command_line.run("ops", "status")
    assert result.returncode == 1
    assert "dataplatform up" in result.stderr
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


def test_two_platforms_run_side_by_side(command_line):
    # given two of them
    other = CommandLine(command_line.state.parent / "other", command_line.program)
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


def test_changed_function_code_is_updated_in_place_and_the_lake_keeps_its_data(command_line, program_copy):
    # given a platform with data
    assert command_line.run("local", "up", cwd=program_copy).returncode == 0
    target = find_target("local", command_line.state)
    target.client("s3").put_object(Bucket=target.bucket, Key="inbound/parcels/2026/01/01/kept.csv", Body=b"kept")

    # when a function's code changes and the program is deployed again
    handler = program_copy / "functions/sftp_collector/handler.py"
    handler.write_text(handler.read_text() + "\n# changed\n")
    result = command_line.run("local", "up", cwd=program_copy)

    # then the functions, which share their code, are updated and nothing else
    assert result.returncode == 0, result.stderr
    functions = target.client("lambda").list_functions()["Functions"]
    assert f"0 resources created, {len(functions)} updated" in result.stdout
    assert [each.inbound.file_name for each in landed_objects(target, "parcels")] == ["kept.csv"]


def test_changed_setting_is_deployed_and_fresh_throws_all_away(command_line, program_copy):
    # given a platform with data
    assert command_line.run("local", "up", cwd=program_copy).returncode == 0
    target = find_target("local", command_line.state)
    target.client("s3").put_object(Bucket=target.bucket, Key="inbound/parcels/2026/01/01/kept.csv", Body=b"kept")

    # when a setting changes
    settings = program_copy / "Pulumi.local.yaml"
    settings.write_text(settings.read_text().replace("logRetentionDays: 7", "logRetentionDays: 14"))
    changed = command_line.run("local", "up", cwd=program_copy)

    # then it is deployed, and the data stays
    assert changed.returncode == 0, changed.stderr
    groups = target.client("logs").describe_log_groups()["logGroups"]
    assert {group["retentionInDays"] for group in groups} == {14}
    assert [each.inbound.file_name for each in landed_objects(target, "parcels")] == ["kept.csv"]

    # and a fresh start throws it away
    assert command_line.run("local", "up", "--fresh", cwd=program_copy).returncode == 0
    assert list(landed_objects(find_target("local", command_line.state), "parcels")) == []


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
