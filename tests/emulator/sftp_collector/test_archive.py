"""The archive: collected files are moved to a directory on their server, if the dataset says so."""

from functools import partial

import asyncssh
import pytest

from emulation.sftp_server.server import ChrootedFiles
from functions.sftp_collector.handler import CollectionFailedError
from tests.support.collector import MEBIBYTE, Counts, deploy, large_content, run, today

pytestmark = pytest.mark.emulator


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
    (archive / "parcels.csv").write_bytes(b"first")
    (inbox / "parcels.csv").write_bytes(b"second")

    # when
    run()

    # then
    assert (archive / "parcels.csv").read_bytes() == b"first"
    assert (archive / "parcels.v2.csv").read_bytes() == b"second"


class RefusesToMove(ChrootedFiles):
    def rename(self, oldpath, newpath):
        raise asyncssh.SFTPPermissionDenied(f"no right to move {oldpath!r} to {newpath!r}")


def test_a_move_that_fails_is_told_and_made_up_for_without_fetching_again(stack, archiving, inbox, archive):
    # given
    archiving(RefusesToMove)
    (inbox / "parcels.csv").write_bytes(b"x")

    # when
    with pytest.raises(
        CollectionFailedError,
        match=r"the file was collected but not archived: the server does not let it be moved to 'archive'",
    ):
        run()
    assert stack.objects() == {today("parcels.csv"): b"x"}
    read: dict[str, int] = {}
    archiving(partial(Counts, read=read))
    result = run()

    # then
    assert (result["unchanged"], read) == (1, {})
    assert (archive / "parcels.csv").exists()


@pytest.mark.usefixtures("stack")
def test_an_archive_that_is_missing_is_named(archiving, inbox):
    # given
    archiving(archive="no/such/place")
    (inbox / "parcels.csv").write_bytes(b"x")

    # when, then
    with pytest.raises(CollectionFailedError, match="the directory 'no/such/place' does not exist; create it"):
        run()
    assert (inbox / "parcels.csv").exists()


def test_a_version_that_replaced_a_collected_one_is_not_moved_with_it(stack, archiving, inbox, archive):
    # given
    class ReplacedOnceRead(ChrootedFiles):
        def close(self, file_obj):
            (inbox / "parcels.csv").write_bytes(b"new one")
            return super().close(file_obj)

    archiving(ReplacedOnceRead)
    (inbox / "parcels.csv").write_bytes(b"old")

    # when
    run()

    # then
    assert stack.objects() == {today("parcels.csv"): b"old"}
    assert (inbox / "parcels.csv").read_bytes() == b"new one"
    assert list(archive.iterdir()) == []
