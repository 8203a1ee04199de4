"""The collector stops in time, goes on from the parts that stand, waits for quiet files, and archives."""

import multiprocessing
import os
import signal
import time
from datetime import timedelta
from functools import partial

import asyncssh
import boto3
import pytest

from functions.sftp_collector import handler as handling
from functions.sftp_collector.handler import CollectionFailedError
from lake.ledger import FileVersion, Ledger, State
from lake.ledger_runs import Runs
from local.sftp_source import ChrootedFiles
from tests.emulator.collector_fixtures import deploy, large_content, run, tick, today

pytestmark = pytest.mark.emulator

MEBIBYTE = 2**20
WAIT_SECONDS = 30


class Counts(ChrootedFiles):
    """Counts the bytes that are read of each file."""

    def __init__(self, channel, root, read: dict[str, int]):
        super().__init__(channel, root)
        self._read = read

    def read(self, file_obj, offset, size):
        data = super().read(file_obj, offset, size)
        name = os.path.basename(file_obj.name).decode()  # noqa: PTH119  # the server has names as bytes
        self._read[name] = self._read.get(name, 0) + len(data)
        return data


class SilentAtTheEnd(ChrootedFiles):
    """Answers no request beyond 17 MiB until the client has left."""

    async def read(self, file_obj, offset, size):
        if offset > 17 * MEBIBYTE:
            await self.connection.wait_closed()
        return super().read(file_obj, offset, size)


def parts_that_stand(stack) -> int:
    uploads = stack.s3.list_multipart_uploads(Bucket=stack.bucket).get("Uploads", [])
    return sum(
        len(stack.s3.list_parts(Bucket=stack.bucket, Key=upload["Key"], UploadId=upload["UploadId"]).get("Parts", []))
        for upload in uploads
    )


def test_processes_share_the_work_where_no_semaphore_can_be_made(stack, serve, inbox):
    # given
    with pytest.raises(OSError, match="Function not implemented"):
        multiprocessing.get_context("fork").Lock()
    serve()
    content = large_content(20 * MEBIBYTE)
    (inbox / "large.csv").write_bytes(content)
    (inbox / "small.csv").write_bytes(b"x")

    # when
    run()

    # then
    assert stack.objects() == {today("large.csv"): content, today("small.csv"): b"x"}


def test_a_run_stops_before_its_time_is_over_and_the_next_reads_only_what_is_missing(stack, serve, inbox):
    # given
    serve(SilentAtTheEnd)
    content = large_content(33 * MEBIBYTE)
    (inbox / "large.csv").write_bytes(content)

    # when
    stopped = run(seconds_left=lambda: 900.0 if parts_that_stand(stack) < 2 else 5.0)

    # then
    assert (stopped["remaining"], stopped["collected"], stopped["failed"]) == (1, [], [])
    assert [entry.state for entry in stack.entries()] == [State.PAUSED]
    standing = parts_that_stand(stack)
    assert standing >= 2

    # and when
    read: dict[str, int] = {}
    serve(partial(Counts, read=read))
    result = run()

    # then
    assert len(result["collected"]) == 1
    assert stack.objects() == {today("large.csv"): content}
    assert read == {"large.csv": len(content) - standing * 8 * MEBIBYTE}
    assert stack.open_uploads() == []


def test_small_files_that_the_time_was_too_short_for_are_left_to_the_next_run(serve, inbox):
    # given
    serve()
    for number in range(5):
        (inbox / f"{number}.csv").write_bytes(b"x")

    # when
    stopped = run(seconds_left=lambda: 25.0)

    # then
    assert (stopped["remaining"], stopped["collected"], stopped["failed"]) == (5, [], [])
    assert len(run()["collected"]) == 5


# The tick


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
    (inbox / "vehicles.csv").write_bytes(b"x")
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
    (inbox / "vehicles.csv").write_bytes(b"x")
    runs = Runs(stack.dynamodb, stack.table)

    # when
    runs.begin("vehicles", seconds=900)
    during = tick()
    runs.begin("vehicles", seconds=-1)
    afterwards = tick()

    # then
    assert (len(during["collected"]), len(afterwards["collected"])) == (0, 1)
    assert not runs.left_work("vehicles")


def test_a_version_that_a_killed_run_landed_and_that_was_replaced_since_is_no_longer_claimed(stack, serve, inbox):
    # given a run that is killed between putting the object and telling the ledger
    serve()
    (inbox / "vehicles.csv").write_bytes(b"first")
    killed = multiprocessing.get_context("fork").Process(target=run_killed_before_recording)
    killed.start()
    killed.join(WAIT_SECONDS)
    (inbox / "vehicles.csv").write_bytes(b"the second")

    # when
    run()

    # then both are there, and the ledger says of the first what it can
    assert killed.exitcode == -signal.SIGKILL
    assert stack.objects() == {today("vehicles.csv"): b"first", today("vehicles.v2.csv"): b"the second"}
    states = {entry.object_key: (entry.state, entry.error) for entry in stack.entries()}
    assert states[today("vehicles.v2.csv")] == (State.COMPLETE, None)
    assert states[today("vehicles.csv")][0] == State.FAILED
    assert "if there is an object under its key" in states[today("vehicles.csv")][1]


def run_killed_before_recording():
    def killed(*_):
        os.kill(os.getpid(), signal.SIGKILL)

    Ledger.complete_all = killed
    handling.Ledger = partial(Ledger, lease=timedelta(0))
    run()


def test_a_claim_of_a_run_that_may_have_been_killed_is_looked_at_again_by_the_next_tick(stack, serve):
    # given a claim whose lease is not over, of a file that is gone
    serve()
    Runs(stack.dynamodb, stack.table).begin("vehicles", seconds=900)
    Ledger(stack.dynamodb, stack.table).claim(FileVersion("vehicles", "dealer", "inbox/gone.csv", 10, 1_700_000_000))

    # when
    result = run()

    # then
    assert result["elsewhere"] == 1
    assert Runs(stack.dynamodb, stack.table).left_work("vehicles")


def test_a_tick_collects_when_the_server_is_back(stack, serve, inbox, sftp_keys):
    # given
    source = serve()
    (inbox / "vehicles.csv").write_bytes(b"x")
    deploy(stack, sftp_keys, 1, source.host_key)
    with pytest.raises(CollectionFailedError):
        run()

    # when
    deploy(stack, sftp_keys, source.port, source.host_key)
    tick()

    # then
    assert stack.objects() == {today("vehicles.csv"): b"x"}


def test_a_tick_collects_a_file_that_the_run_found_still_being_written(stack, serve, inbox, sftp_keys):
    # given
    source = serve()
    deploy(stack, sftp_keys, source.port, source.host_key, quiet_seconds=3600)
    (inbox / "vehicles.csv").write_bytes(b"x")
    assert run()["waiting"] == 1
    os.utime(inbox / "vehicles.csv", (1_700_000_000, 1_700_000_000))

    # when
    tick()

    # then
    assert stack.objects() == {today("vehicles.csv"): b"x"}


def test_a_run_that_was_overtaken_does_not_write_how_it_ended(stack):
    # given
    runs = Runs(stack.dynamodb, stack.table)
    first, second = runs.begin("vehicles", 900), runs.begin("vehicles", 900)

    # when
    runs.end(second, leaves_work=True)
    runs.end(first, leaves_work=False)

    # then
    assert runs.left_work("vehicles")


def test_a_large_file_that_changed_between_two_runs_is_collected_anew_and_its_old_parts_are_removed(
    stack, serve, inbox
):
    # given
    serve(SilentAtTheEnd)
    (inbox / "large.csv").write_bytes(large_content(33 * MEBIBYTE))
    run(seconds_left=lambda: 900.0 if parts_that_stand(stack) < 2 else 5.0)
    (inbox / "large.csv").write_bytes(b"short now")
    serve()

    # when
    run()

    # then
    assert stack.objects() == {today("large.v2.csv"): b"short now"}
    assert stack.open_uploads() == []
    assert {entry.state for entry in stack.entries()} == {State.FAILED, State.COMPLETE}


def test_an_upload_that_a_killed_run_began_but_did_not_record_is_removed(stack, serve, inbox):
    # given
    serve()
    (inbox / "large.csv").write_bytes(large_content(9 * MEBIBYTE))
    modified = int((inbox / "large.csv").stat().st_mtime)
    ledger = Ledger(stack.dynamodb, stack.table)
    claim = ledger.claim(FileVersion("vehicles", "dealer", "inbox/large.csv", 9 * MEBIBYTE, modified))
    stack.s3.create_multipart_upload(Bucket=stack.bucket, Key=claim.object_key)
    ledger.fail(claim, "as if its lease were over")

    # when
    run()

    # then
    assert stack.open_uploads() == []
    assert list(stack.objects()) == [claim.object_key]


def test_an_upload_that_vanished_from_s3_is_begun_again(stack, serve, inbox):
    # given
    serve(SilentAtTheEnd)
    content = large_content(33 * MEBIBYTE)
    (inbox / "large.csv").write_bytes(content)
    run(seconds_left=lambda: 900.0 if parts_that_stand(stack) < 2 else 5.0)
    (upload,) = stack.s3.list_multipart_uploads(Bucket=stack.bucket)["Uploads"]
    stack.s3.abort_multipart_upload(Bucket=stack.bucket, Key=upload["Key"], UploadId=upload["UploadId"])
    serve()

    # when
    run()

    # then
    assert stack.objects() == {today("large.csv"): content}


def test_an_upload_under_a_key_that_the_ledger_does_not_know_is_left_alone(stack, serve):
    # given
    serve()
    stack.s3.create_multipart_upload(Bucket=stack.bucket, Key="inbound/vehicles/2026/01/01/foreign.csv")

    # when
    run()

    # then
    assert stack.open_uploads() == ["inbound/vehicles/2026/01/01/foreign.csv"]


def test_of_two_runs_at_once_each_fetches_other_files_and_all_of_them_land(stack, serve, inbox):
    # given
    read: dict[str, int] = {}
    serve(partial(Counts, read=read))
    contents = {f"{number}.csv": large_content(1000 + number) for number in range(30)}
    contents["large.csv"] = large_content(33 * MEBIBYTE)
    for name, content in contents.items():
        (inbox / name).write_bytes(content)
    fork = multiprocessing.get_context("fork")
    runs = [fork.Process(target=run) for _ in range(2)]

    # when
    for process in runs:
        process.start()
    for process in runs:
        process.join(WAIT_SECONDS)

    # then
    assert [process.exitcode for process in runs] == [0, 0]
    assert stack.objects() == {today(name): content for name, content in contents.items()}
    assert read == {name: len(content) for name, content in contents.items()}
    assert stack.open_uploads() == []


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
    assert result["waiting"] == 1
    assert stack.objects() == {today("old.csv"): b"x"}


def test_a_file_from_a_clock_that_is_ahead_is_collected_once_it_was_seen_unchanged(stack, serve, inbox, sftp_keys):
    # given
    source = serve()
    deploy(stack, sftp_keys, source.port, source.host_key, quiet_seconds=1)
    (inbox / "future.csv").write_bytes(b"x")
    os.utime(inbox / "future.csv", (4_000_000_000, 4_000_000_000))
    assert run()["waiting"] == 1
    deadline = time.monotonic() + WAIT_SECONDS

    # when
    while not run()["collected"]:
        assert time.monotonic() < deadline

    # then
    assert stack.objects() == {today("future.csv"): b"x"}


# The archive


@pytest.fixture
def archive(inbox):
    archive = inbox.parent / "archive"
    archive.mkdir()
    return archive


@pytest.fixture
def archiving(stack, serve, sftp_keys):
    def start(files=ChrootedFiles, archive="archive"):
        source = serve(files)
        deploy(stack, sftp_keys, source.port, source.host_key, archive=archive)

    return start


def test_collected_files_are_moved_to_the_archive(stack, archiving, inbox, archive):
    # given
    archiving()
    content = large_content(9 * MEBIBYTE)
    (inbox / "small.csv").write_bytes(b"x")
    (inbox / "large.csv").write_bytes(content)

    # when
    run()

    # then
    assert stack.objects() == {today("small.csv"): b"x", today("large.csv"): content}
    assert list(inbox.iterdir()) == []
    assert (archive / "small.csv").read_bytes() == b"x"
    assert (archive / "large.csv").read_bytes() == content


def test_a_name_that_the_archive_has_already_gets_a_number(archiving, inbox, archive):
    # given
    archiving()
    (archive / "vehicles.csv").write_bytes(b"first")
    (inbox / "vehicles.csv").write_bytes(b"second")

    # when
    run()

    # then
    assert (archive / "vehicles.csv").read_bytes() == b"first"
    assert (archive / "vehicles.v2.csv").read_bytes() == b"second"


class RefusesToMove(ChrootedFiles):
    def rename(self, oldpath, newpath):
        raise asyncssh.SFTPPermissionDenied(f"no right to move {oldpath!r} to {newpath!r}")


def test_a_move_that_fails_is_told_and_made_up_for_without_fetching_again(stack, archiving, inbox, archive):
    # given
    archiving(RefusesToMove)
    (inbox / "vehicles.csv").write_bytes(b"x")

    # when
    with pytest.raises(CollectionFailedError, match=r"collected, but the server does not let it be moved to 'archive'"):
        run()
    assert stack.objects() == {today("vehicles.csv"): b"x"}
    read: dict[str, int] = {}
    archiving(partial(Counts, read=read))
    result = run()

    # then
    assert (result["unchanged"], read) == (1, {})
    assert (archive / "vehicles.csv").exists()


@pytest.mark.usefixtures("stack")
def test_an_archive_that_is_missing_is_named(archiving, inbox):
    # given
    archiving(archive="no/such/place")
    (inbox / "vehicles.csv").write_bytes(b"x")

    # when, then
    with pytest.raises(CollectionFailedError, match="there is no archive directory 'no/such/place'"):
        run()
    assert (inbox / "vehicles.csv").exists()


def test_a_version_that_replaced_a_collected_one_is_not_moved_with_it(stack, archiving, inbox, archive):
    # given
    class ReplacedOnceRead(ChrootedFiles):
        def close(self, file_obj):
            (inbox / "vehicles.csv").write_bytes(b"new one")
            return super().close(file_obj)

    archiving(ReplacedOnceRead)
    (inbox / "vehicles.csv").write_bytes(b"old")

    # when
    run()

    # then
    assert stack.objects() == {today("vehicles.csv"): b"old"}
    assert (inbox / "vehicles.csv").read_bytes() == b"new one"
    assert list(archive.iterdir()) == []


def test_a_worker_that_ends_is_replaced_and_its_file_is_told(stack, serve, inbox, monkeypatch):
    # given
    class EndsItsProcess:
        def __init__(self, *_, **__):
            self._ledger = Ledger(boto3.client("dynamodb"), stack.table)

        def __getattr__(self, name):
            return getattr(self._ledger, name)

        def renew(self, claim):
            if claim.version.name == "bad.csv":
                os._exit(9)
            return claim

    serve()
    monkeypatch.setattr(handling, "Ledger", EndsItsProcess)
    for name in ("a.csv", "bad.csv", "z.csv"):
        (inbox / name).write_bytes(b"x")

    # when
    with pytest.raises(CollectionFailedError, match=r"inbox/bad.csv: its worker ended with exit code 9"):
        run()

    # then
    assert stack.objects() == {today("a.csv"): b"x", today("z.csv"): b"x"}
