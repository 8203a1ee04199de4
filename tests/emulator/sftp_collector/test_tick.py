"""The tick: a frequent run that only goes on with what the last one left; quiet files, which wait for it."""

import multiprocessing
import os
import signal
import time
from datetime import timedelta
from functools import partial

import pytest

from functions.sftp_collector import handler as handling
from functions.sftp_collector.handler import CollectionFailedError
from lake.ledger.ledger import FileVersion, Ledger, State
from lake.ledger.runs import Outcome, Runs
from tests.support.collector import (
    MEBIBYTE,
    Counts,
    SilentAtTheEnd,
    deploy,
    large_content,
    parts_that_stand,
    run,
    tick,
    today,
)

pytestmark = pytest.mark.emulator

WAIT_SECONDS = 30


def test_a_tick_goes_on_with_what_a_run_was_too_short_for_from_the_parts_that_stand(stack, serve, inbox):
    # given
    serve(SilentAtTheEnd)
    contents = {"large.csv": large_content(33 * MEBIBYTE), "later.csv": b"x"}
    for name, content in contents.items():
        (inbox / name).write_bytes(content)
    os.utime(inbox / "large.csv", (1_700_000_000, 1_700_000_000))
    stopped = run(seconds_left=lambda: 900.0 if parts_that_stand(stack) < 2 else 5.0)
    standing = parts_that_stand(stack)
    read: dict[str, int] = {}
    serve(partial(Counts, read=read))

    # when
    result = tick()

    # then
    assert stopped["remaining"] == 2
    assert len(result["collected"]) == 2
    assert stack.objects() == {today(name): content for name, content in contents.items()}
    assert read["large.csv"] == len(contents["large.csv"]) - standing * 8 * MEBIBYTE


def test_a_tick_does_not_ask_the_server_if_the_last_run_left_nothing(stack, serve, inbox, sftp_keys):
    # given
    source = serve()
    (inbox / "parcels.csv").write_bytes(b"x")
    run()
    deploy(stack, sftp_keys, 1, source.host_key)

    # when
    result = tick()

    # then
    assert (result["collected"], result["unchanged"], result["failed"]) == ([], 0, [])
    with pytest.raises(CollectionFailedError):
        run()


@pytest.mark.usefixtures("stack")
def test_a_tick_does_nothing_where_no_run_ever_was():
    assert tick()["collected"] == []


def test_a_tick_goes_on_where_a_run_was_killed_and_not_before_its_time_is_over(stack, serve, inbox):
    # given
    serve()
    (inbox / "parcels.csv").write_bytes(b"x")
    runs = Runs(stack.dynamodb, stack.table)

    # when
    runs.begin("parcels", seconds=900)
    during = tick()
    runs.begin("parcels", seconds=-1)
    afterwards = tick()

    # then
    assert (len(during["collected"]), len(afterwards["collected"])) == (0, 1)
    assert not runs.left_work("parcels")


def test_a_version_that_a_killed_run_landed_and_that_was_replaced_since_is_no_longer_claimed(stack, serve, inbox):
    # given a run that is killed between putting the object and telling the ledger
    serve()
    (inbox / "parcels.csv").write_bytes(b"first")
    killed = multiprocessing.get_context("fork").Process(target=run_killed_before_recording)
    killed.start()
    killed.join(WAIT_SECONDS)
    (inbox / "parcels.csv").write_bytes(b"the second")

    # when
    run()

    # then both are there, and the ledger says of the first what it can
    assert killed.exitcode == -signal.SIGKILL
    assert stack.objects() == {today("parcels.csv"): b"first", today("parcels.v2.csv"): b"the second"}
    states = {entry.object_key: (entry.state, entry.error) for entry in stack.entries()}
    assert states[today("parcels.v2.csv")] == (State.COMPLETE, None)
    assert states[today("parcels.csv")][0] == State.FAILED
    assert "if an object exists under its key" in states[today("parcels.csv")][1]


def run_killed_before_recording():
    def killed(*_):
        os.kill(os.getpid(), signal.SIGKILL)

    Ledger.complete_all = killed
    handling.Ledger = partial(Ledger, lease=timedelta(0))
    run()


def test_a_claim_of_a_run_that_may_have_been_killed_is_looked_at_again_by_the_next_tick(stack, serve):
    # given a claim whose lease is not over, of a file that is gone
    serve()
    Runs(stack.dynamodb, stack.table).begin("parcels", seconds=900)
    Ledger(stack.dynamodb, stack.table).claim(FileVersion("parcels", "carrier", "inbox/gone.csv", 10, 1_700_000_000))

    # when
    result = run()

    # then
    assert result["elsewhere"] == 1
    assert Runs(stack.dynamodb, stack.table).left_work("parcels")


def test_a_tick_collects_when_the_server_is_back(stack, serve, inbox, sftp_keys):
    # given
    source = serve()
    (inbox / "parcels.csv").write_bytes(b"x")
    deploy(stack, sftp_keys, 1, source.host_key)
    with pytest.raises(CollectionFailedError):
        run()

    # when
    deploy(stack, sftp_keys, source.port, source.host_key)
    tick()

    # then
    assert stack.objects() == {today("parcels.csv"): b"x"}


def test_a_tick_collects_a_file_that_the_run_found_still_being_written(stack, serve, inbox, sftp_keys):
    # given
    source = serve()
    deploy(stack, sftp_keys, source.port, source.host_key, quiet_seconds=3600)
    (inbox / "parcels.csv").write_bytes(b"x")
    assert run()["left_out"]["too_fresh"] == 1
    os.utime(inbox / "parcels.csv", (1_700_000_000, 1_700_000_000))

    # when
    tick()

    # then
    assert stack.objects() == {today("parcels.csv"): b"x"}


def test_a_run_that_was_overtaken_does_not_write_how_it_ended(stack):
    # given
    runs = Runs(stack.dynamodb, stack.table)
    first, second = runs.begin("parcels", 900), runs.begin("parcels", 900)

    # when
    runs.end(second, Outcome(), leaves_work=True)
    runs.end(first, Outcome(files=1), leaves_work=False)

    # then
    assert runs.left_work("parcels")


# Quiet files


def test_a_file_that_was_written_a_moment_ago_is_left_until_it_is_quiet(stack, serve, inbox, sftp_keys):
    # given
    source = serve()
    deploy(stack, sftp_keys, source.port, source.host_key, quiet_seconds=3600)
    (inbox / "fresh.csv").write_bytes(b"x")
    (inbox / "old.csv").write_bytes(b"x")
    os.utime(inbox / "old.csv", (1_700_000_000, 1_700_000_000))

    # when
    result = run()

    # then
    assert result["left_out"]["too_fresh"] == 1
    assert stack.objects() == {today("old.csv"): b"x"}


def test_a_file_from_a_clock_that_is_ahead_is_collected_once_it_was_seen_unchanged(stack, serve, inbox, sftp_keys):
    # given
    source = serve()
    deploy(stack, sftp_keys, source.port, source.host_key, quiet_seconds=1)
    (inbox / "future.csv").write_bytes(b"x")
    os.utime(inbox / "future.csv", (4_000_000_000, 4_000_000_000))
    assert run()["left_out"]["too_fresh"] == 1
    deadline = time.monotonic() + WAIT_SECONDS

    # when
    while not run()["collected"]:
        assert time.monotonic() < deadline

    # then
    assert stack.objects() == {today("future.csv"): b"x"}
