"""The collector stops in time, goes on from the parts that stand, and replaces a worker that ends."""

import multiprocessing
import os
from functools import partial

import pytest

from functions.sftp_collector import worker
from functions.sftp_collector.handler import CollectionFailedError
from functions.sftp_collector.transfer import put_whole
from lake.ledger.ledger import FileVersion, Ledger, State
from tests.support.collector import (
    MEBIBYTE,
    Counts,
    SilentAtTheEnd,
    large_content,
    parts_that_stand,
    run,
    today,
)

pytestmark = pytest.mark.emulator

WAIT_SECONDS = 30


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
    claim = ledger.claim(FileVersion("parcels", "carrier", "inbox/large.csv", 9 * MEBIBYTE, modified))
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
    stack.s3.create_multipart_upload(Bucket=stack.bucket, Key="inbound/parcels/2026/01/01/foreign.csv")

    # when
    run()

    # then
    assert stack.open_uploads() == ["inbound/parcels/2026/01/01/foreign.csv"]


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


def test_a_worker_that_ends_is_replaced_and_its_file_is_told(stack, serve, inbox, monkeypatch):
    # given
    def end_at_the_bad_one(session, version, *others):
        if version.name == "bad.csv":
            os._exit(9)
        return put_whole(session, version, *others)

    serve()
    monkeypatch.setattr(worker, "put_whole", end_at_the_bad_one)
    for name in ("a.csv", "bad.csv", "z.csv"):
        (inbox / name).write_bytes(b"x")

    # when
    with pytest.raises(CollectionFailedError, match=r"inbox/bad.csv: the worker of this file ended with exit code 9"):
        run()

    # then
    assert stack.objects() == {today("a.csv"): b"x", today("z.csv"): b"x"}
