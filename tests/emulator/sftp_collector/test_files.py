"""Files that the collector cannot read whole: each fails with its reason, and the others land."""

import os
from pathlib import Path

import asyncssh
import pytest

from emulation.sftp_server.server import ChrootedFiles
from functions.sftp_collector.handler import CollectionFailedError
from tests.support.collector import (
    MEBIBYTE,
    assert_nothing_landed,
    failed_entry,
    failures_of,
    large_content,
    run,
    today,
)
from tests.support.sftp import USER

pytestmark = pytest.mark.emulator


class Unreadable(ChrootedFiles):
    def open(self, path, pflags, attrs):
        if path.endswith(b"bad.csv"):
            raise asyncssh.SFTPPermissionDenied("no")
        return super().open(path, pflags, attrs)


class VanishesOnceListed(ChrootedFiles):
    async def scandir(self, path):
        async for entry in super().scandir(path):
            yield entry
        bad = Path(os.fsdecode(self.map_path(path))) / "bad.csv"
        bad.unlink(missing_ok=True)


class FailsInTheMiddle(ChrootedFiles):
    def read(self, file_obj, offset, size):
        if file_obj.name.endswith(b"bad.csv") and offset > MEBIBYTE:
            raise asyncssh.SFTPFailure("disk error")
        return super().read(file_obj, offset, size)


class TruncatesWhileRead(ChrootedFiles):
    def read(self, file_obj, offset, size):
        if file_obj.name.endswith(b"bad.csv") and offset > MEBIBYTE:
            os.truncate(file_obj.name, MEBIBYTE)
        return super().read(file_obj, offset, size)


class EndsEarly(ChrootedFiles):
    """Says that the file ends before it does, and that its size is what it was."""

    def read(self, file_obj, offset, size):
        if file_obj.name.endswith(b"bad.csv") and offset > MEBIBYTE:
            return b""
        return super().read(file_obj, offset, size)


class GrowsWhileRead(ChrootedFiles):
    def read(self, file_obj, offset, size):
        if file_obj.name.endswith(b"bad.csv") and offset > MEBIBYTE:
            with Path(os.fsdecode(file_obj.name)).open("ab") as file:
                file.write(b"more")
        return super().read(file_obj, offset, size)


class TouchedWhileRead(ChrootedFiles):
    def read(self, file_obj, offset, size):
        if file_obj.name.endswith(b"bad.csv"):
            os.utime(file_obj.name, (1_800_000_000, 1_800_000_000))
        return super().read(file_obj, offset, size)


@pytest.mark.parametrize("size", [2 * MEBIBYTE, 20 * MEBIBYTE], ids=["one put", "in parts"])
@pytest.mark.parametrize(
    ("files", "reason"),
    [
        (Unreadable, "does not let the user read the file; ask the server's operator"),
        (VanishesOnceListed, "disappeared after it was listed"),
        (FailsInTheMiddle, "the server failed to read the file: disk error"),
        (TruncatesWhileRead, "changed while it was read"),
        (EndsEarly, "changed while it was read"),
        (GrowsWhileRead, "changed while it was read"),
        (TouchedWhileRead, "changed while it was read"),
    ],
)
def test_a_file_that_cannot_be_read_whole_fails_and_the_others_land(
    stack, serve, inbox, monkeypatch, files, reason, size
):
    # given
    # One worker: of two, the one may find the change that the other's read makes before it begins.
    monkeypatch.setenv("COLLECTOR_WORKERS", "1")
    source = serve(files)
    (inbox / "bad.csv").write_bytes(large_content(size))
    (inbox / "good.csv").write_bytes(b"x")

    # when
    with pytest.raises(CollectionFailedError) as error:
        run()

    # then
    assert f"dataset parcels from sftp://{USER}@127.0.0.1:{source.port}: 1 not collected, 1 collected" in failures_of(
        error
    )
    assert "- inbox/bad.csv: " in failures_of(error)
    assert reason in failures_of(error)
    assert stack.objects() == {today("good.csv"): b"x"}
    assert stack.open_uploads() == []
    assert reason in failed_entry(stack, "bad.csv").error


@pytest.mark.usefixtures("healthy")
def test_an_empty_file_is_not_landed_and_says_so(stack, inbox):
    # given
    (inbox / "empty.csv").write_bytes(b"")
    (inbox / "good.csv").write_bytes(b"x")

    # when
    with pytest.raises(
        CollectionFailedError, match=r"inbox/empty.csv: the file is empty \(0 bytes\), so it was not collected"
    ):
        run()

    # then
    assert stack.objects() == {today("good.csv"): b"x"}
    assert failed_entry(stack, "empty.csv").object_key is None


def test_a_file_that_was_replaced_after_the_listing_waits_for_the_next_run(stack, serve, inbox):
    # given
    class ReplacedOnceListed(ChrootedFiles):
        async def scandir(self, path):
            async for entry in super().scandir(path):
                yield entry
            # Once only: written again in another second it would be another version.
            if (inbox / "parcels.csv").read_bytes() == b"old":
                (inbox / "parcels.csv").write_bytes(b"newer and longer")

    serve(ReplacedOnceListed)
    (inbox / "parcels.csv").write_bytes(b"old")

    # when
    with pytest.raises(CollectionFailedError, match="the file is not the one that was listed: 3 bytes"):
        run()
    assert_nothing_landed(stack)
    run()

    # then
    assert stack.objects() == {today("parcels.v2.csv"): b"newer and longer"}
