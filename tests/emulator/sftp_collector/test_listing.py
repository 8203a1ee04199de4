"""What a listing gives: the files that match, what is left out by reason, and the server's clock."""

import os

import asyncssh
import pytest

from emulation.sftp_server.server import ChrootedFiles
from functions.sftp_collector.listing import list_directory
from functions.sftp_collector.messages import ListDirectory
from functions.sftp_collector.result import LeftOut
from functions.sftp_collector.session import ConnectionLostError
from tests.support.sftp import running_source
from tests.support.sftp_sessions import session_with

LISTING = ListDirectory("inbox", "*.csv")


@pytest.fixture
def listing(request, source_settings, sftp_keys):
    """Lists the inbox of a server, healthy or not, in a session of its own."""

    def list_inbox(files=ChrootedFiles):
        context = running_source(source_settings, files)
        source = context.__enter__()
        request.addfinalizer(lambda: context.__exit__(None, None, None))
        session = session_with(source.port, source.host_key, sftp_keys.client)
        request.addfinalizer(session.close)
        return list_directory(session, LISTING)

    return list_inbox


def names(listed):
    return sorted(file.name for file in listed.files)


def test_what_is_left_out_is_counted_by_its_reason(listing, inbox):
    # given
    (inbox / "yes.csv").write_bytes(b"x")
    (inbox / "VEHICLES.CSV").write_bytes(b"x")
    (inbox / "other.txt").write_bytes(b"x")
    (inbox / "folder.csv").mkdir()
    os.mkfifo(inbox / "pipe.csv")
    (inbox / "dangling.csv").symlink_to("nothing.csv")
    (inbox / "to-folder.csv").symlink_to("folder.csv")

    # when
    listed = listing()

    # then
    assert names(listed) == ["yes.csv"]
    assert listed.left_out == {LeftOut.PATTERN: 2, LeftOut.TYPE: 2, LeftOut.LINK: 2}


def test_a_link_to_a_file_of_the_directory_is_that_file(listing, inbox):
    # given
    (inbox / "target.txt").write_bytes(b"four")
    os.utime(inbox / "target.txt", (1_700_000_000, 1_700_000_000))
    (inbox / "link.csv").symlink_to("target.txt")
    (inbox / "chain.csv").symlink_to("link.csv")

    # when
    files = {file.name: (file.size, file.modified) for file in listing().files}

    # then
    assert files == {"link.csv": (4, 1_700_000_000), "chain.csv": (4, 1_700_000_000)}


def test_a_link_out_of_the_directory_is_left_out(listing, inbox):
    # given
    (inbox.parent / "secret.csv").write_bytes(b"x")
    (inbox / "link.csv").symlink_to("../secret.csv")

    # when
    listed = listing()

    # then
    assert (listed.files, listed.left_out) == ([], {LeftOut.LINK: 1})


class ModesWithoutType(ChrootedFiles):
    """Lists permissions without the bits that say what an entry is, as some Windows servers do."""

    async def scandir(self, path):
        async for entry in super().scandir(path):
            entry.attrs.permissions = 0o666
            yield entry


def test_a_mode_without_type_bits_does_not_leave_a_file_out(listing, inbox):
    # given
    (inbox / "parcels.csv").write_bytes(b"x")

    # then
    assert names(listing(ModesWithoutType)) == ["parcels.csv"]


class SizesLeftOut(ChrootedFiles):
    async def scandir(self, path):
        async for entry in super().scandir(path):
            entry.attrs.size = None
            yield entry


def test_a_size_that_the_listing_lacks_is_asked_for(listing, inbox):
    # given
    (inbox / "parcels.csv").write_bytes(b"four")

    # then
    assert [file.size for file in listing(SizesLeftOut).files] == [4]


class SizesLeftOutAndStatForbidden(SizesLeftOut):
    def stat(self, path):
        if path.endswith(b".csv"):
            raise asyncssh.SFTPPermissionDenied(f"no right to look at {path!r}")
        return super().stat(path)

    lstat = stat


def test_a_size_that_cannot_be_had_does_not_stop_the_listing(listing, inbox):
    # given
    (inbox / "parcels.csv").write_bytes(b"four")

    # then
    assert [file.size for file in listing(SizesLeftOutAndStatForbidden).files] == [None]


class EndsInLatin1(asyncssh.SFTPEOFError):
    def __init__(self):
        super().__init__("")
        self.reason = "Fin du répertoire".encode("latin-1")


def test_a_listing_whose_end_is_not_utf8_is_whole(listing, inbox, monkeypatch):
    # given
    (inbox / "parcels.csv").write_bytes(b"x")
    monkeypatch.setattr(asyncssh.sftp, "SFTPEOFError", EndsInLatin1)

    # then
    assert names(listing()) == ["parcels.csv"]


class CutsTheListing(ChrootedFiles):
    """Ends the connection in the middle of the listing."""

    async def scandir(self, path):
        async for entry in super().scandir(path):
            self.connection.abort()
            yield entry


def test_a_listing_that_is_cut_is_not_taken_for_whole(listing, inbox):
    # given
    (inbox / "parcels.csv").write_bytes(b"x")

    # then
    with pytest.raises(ConnectionLostError, match="the connection was lost"):
        listing(CutsTheListing)


def accessed(found, time):
    """Attributes of a file that was read at some time."""
    attributes = asyncssh.SFTPAttrs.from_local(found)
    attributes.atime = time
    return attributes


class ClockOf2020(ChrootedFiles):
    """A server whose clock is years behind: listing the directory moves its time of access to that clock's now."""

    listed = False

    async def scandir(self, path):
        async for entry in super().scandir(path):
            yield entry
        self.listed = True

    def stat(self, path):
        return accessed(super().stat(path), 1_600_000_005 if self.listed else 1_600_000_000)


def test_the_servers_clock_is_seen_as_the_listing_moves_it(listing):
    assert listing(ClockOf2020).server_time == 1_600_000_005


class AccessNotTracked(ChrootedFiles):
    def stat(self, path):
        return accessed(super().stat(path), 0)


def test_without_times_of_access_the_servers_clock_is_unknown(listing):
    assert listing(AccessNotTracked).server_time is None
