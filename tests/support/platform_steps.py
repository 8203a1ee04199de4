"""Shared steps of the whole platform's tests: put files on its server, run its workflow, wait."""

import os
import time
from datetime import UTC, datetime, timedelta

import pytest
from typer.testing import CliRunner

from datasets import DATASETS
from ops.commands import app
from ops.jobs.as_process import ProcessRunner
from ops.jobs.workflow import SUCCEEDED, read_triggers, walk
from ops.reconcile.reconcile import compare
from ops.stack import terminal
from ops.stack.days import Days
from ops.stack.object_index import index_of

DELIVERED_SECONDS_AGO = 5


@pytest.fixture
def outgoing(platform):
    """The stand-in server's directory for parcels, emptied afterwards."""
    folder = outgoing_folder(platform)
    yield folder
    for file in folder.iterdir():
        file.unlink()


def outgoing_folder(platform):
    folder = platform.source.root / "outgoing/parcels"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def deliver(file, content):
    """Put a file on the stand-in server with an older time, because a run skips recent files."""
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    written = time.time() - DELIVERED_SECONDS_AGO
    os.utime(file, (written, written))


def eventually(condition, seconds, what):
    """Poll until the condition holds and return its value."""
    deadline = time.monotonic() + seconds
    while not (result := condition()):
        assert time.monotonic() < deadline, f"{what} was not seen within {seconds} s"
        time.sleep(0.1)  # between two polls
    return result


def put_inbound(target, *objects):
    """Put objects under inbound/, given as keys and contents, and wait until the index has them.

    A run of the warehouse job finds objects of days before yesterday only through the index.
    """
    s3, index = target.client("s3"), index_of(target)
    etags = {key: s3.put_object(Bucket=target.bucket, Key=key, Body=body)["ETag"].strip('"') for key, body in objects}

    def known(key):
        found = index.get(key)
        return found is not None and found.landing is not None and found.landing.etag == etags[key]

    eventually(lambda: all(map(known, etags)), 60, "the objects in the index")


def index_settles(target):
    """Wait until the object index equals the lake, as `reconcile` compares them: events arrive seconds later."""

    def differences():
        compared = (each for dataset in DATASETS for each in compare(target, dataset, Days()))
        return {key: found for each in compared for key, found in each.differences.items()}

    eventually(lambda: not differences(), 60, "the index as the lake is")


def let_the_schedule_fire(target, dataset):
    """Create a copy of the dataset's deployed schedule that fires in a second.

    The emulator does not fire a schedule that was changed from cron to at, so the deployed one cannot be moved.
    """
    scheduler = target.client("scheduler")
    group, name = target.exports["collectionSchedules"][dataset].split("/")
    deployed = scheduler.get_schedule(GroupName=group, Name=name)
    moment = datetime.now(UTC) + timedelta(seconds=1)
    now = f"{dataset}-now-{time.monotonic_ns()}"
    scheduler.create_schedule(
        Name=now,
        ScheduleExpression=f"at({moment:%Y-%m-%dT%H:%M:%S})",
        ScheduleExpressionTimezone="UTC",
        **{key: deployed[key] for key in ("GroupName", "FlexibleTimeWindow", "Target")},
    )
    return lambda: scheduler.delete_schedule(GroupName=group, Name=now)


def refine(target):
    """Run the deployed workflow's jobs in order."""
    runner = ProcessRunner(target)

    def run_one(job):
        runner.run(job)
        return SUCCEEDED

    triggers = read_triggers(target.client("glue"), target.exports["refineWorkflow"])
    return [job for job, _ in walk(triggers, run_one)]


@pytest.fixture
def ops(platform, wide_terminal):  # noqa: ARG001 - what is printed is not cut
    """Runs an operator's command on the deployed stack."""
    return commands_to(platform)


@pytest.fixture
def wide_terminal(monkeypatch):
    """A terminal wide enough for whole keys."""
    monkeypatch.setattr(terminal.console, "_width", 300)


def commands_to(platform):
    """Return a function that runs operators' commands on a stack, and checks that none ends in a traceback."""

    def give(*words):
        arguments = ["--stack", "local", "--state-dir", str(platform.state_directory), *words]
        result = CliRunner().invoke(app, arguments)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    return give
