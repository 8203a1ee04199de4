"""Servers that refuse ways of asking, or answer what they should not: the file is read another way, or has a reason."""

import asyncssh
import pytest

from emulation.sftp_server.server import ChrootedFiles
from functions.sftp_collector.answers import AnswerError
from functions.sftp_collector.client import SMALLEST_REQUEST_BYTES
from functions.sftp_collector.errors import explain
from functions.sftp_collector.session import ConnectionLostError
from functions.sftp_collector.source import Source
from functions.sftp_collector.transfer import Destination, FileChangedError, put_whole
from tests.support.collector import MEBIBYTE, large_content
from tests.support.sftp import running_source
from tests.support.sftp_sessions import session_with, version_of


class KeepsObjects:
    """S3, as far as a small file needs it."""

    def __init__(self):
        self.bodies: list[bytes] = []

    def put_object(self, *, Body, **_):  # noqa: N803  # S3's name
        self.bodies.append(Body)


class Reader:
    """Reads one file of a server as a worker does: by a source, once more if the connection was cut."""

    def __init__(self, source, file):
        self.source = source
        self._version = version_of(file, f"inbox/{file.name}")

    def read(self):
        lake = KeepsObjects()
        put_whole(self.source.session(), self._version, Destination(lake, "bucket", "key"), lambda: None)
        (body,) = lake.bodies
        return body


@pytest.fixture
def reader_of(request, source_settings, sftp_keys):
    def start(files, file):
        context = running_source(source_settings, files)
        running = context.__enter__()
        request.addfinalizer(lambda: context.__exit__(None, None, None))
        source = Source(lambda: session_with(running.port, running.host_key, sftp_keys.client))
        request.addfinalizer(source.disconnect)
        return Reader(source, file)

    return start


@pytest.fixture
def parcels(inbox):
    file = inbox / "parcels.csv"
    file.write_bytes(large_content(MEBIBYTE))
    return file


class FstatForbidden(ChrootedFiles):
    def fstat(self, file_obj):
        raise asyncssh.SFTPPermissionDenied(f"no right to look at {file_obj!r}")


class FstatUnsupported(ChrootedFiles):
    def fstat(self, file_obj):
        raise asyncssh.SFTPOpUnsupported(f"no way to look at {file_obj!r}")


class FstatForgets(ChrootedFiles):
    def fstat(self, file_obj):
        raise asyncssh.SFTPNoSuchFile(f"{file_obj!r} is not there")


class FstatAnHourOff(ChrootedFiles):
    def fstat(self, file_obj):
        found = asyncssh.SFTPAttrs.from_local(super().fstat(file_obj))
        found.mtime = (found.mtime or 0) + 3600
        return found


class StatForbidden(ChrootedFiles):
    def stat(self, path):
        raise asyncssh.SFTPPermissionDenied(f"no right to look at {path!r}")


class StatAndFstatForbidden(StatForbidden, FstatForbidden):
    pass


class LstatForbidden(ChrootedFiles):
    def lstat(self, path):
        raise asyncssh.SFTPPermissionDenied(f"no right to look at {path!r}")


class LargeRequestsRefused(ChrootedFiles):
    def read(self, file_obj, offset, size):
        if size > SMALLEST_REQUEST_BYTES:
            raise asyncssh.SFTPBadMessage("too long")
        return super().read(file_obj, offset, size)


@pytest.mark.parametrize(
    "files",
    [
        FstatForbidden,
        FstatUnsupported,
        FstatForgets,
        FstatAnHourOff,
        StatForbidden,
        StatAndFstatForbidden,
        LstatForbidden,
        LargeRequestsRefused,
    ],
)
def test_a_server_that_refuses_one_way_of_asking_is_read(reader_of, parcels, files):
    assert reader_of(files, parcels).read() == parcels.read_bytes()


class LargeRequestsCut(ChrootedFiles):
    def read(self, file_obj, offset, size):
        if size > SMALLEST_REQUEST_BYTES:
            self.connection.abort()
        return super().read(file_obj, offset, size)


def test_a_server_that_large_requests_cut_is_asked_small_ones(reader_of, parcels):
    # given
    reader = reader_of(LargeRequestsCut, parcels)
    with pytest.raises(ConnectionLostError):
        reader.read()

    # when
    reader.source.disconnect()

    # then
    assert reader.read() == parcels.read_bytes()


class ChangesAndForbidsFstat(FstatForbidden):
    def read(self, file_obj, offset, size):
        with open(file_obj.name, "ab") as file:  # noqa: PTH123  # the server has names as bytes
            file.write(b"more")
        return super().read(file_obj, offset, size)


def test_without_fstat_a_change_is_still_seen(reader_of, parcels):
    with pytest.raises(FileChangedError, match="changed while it was read"):
        reader_of(ChangesAndForbidsFstat, parcels).read()


class GivesNoTimes(ChrootedFiles):
    """Says another time of modification each time that it is asked."""

    def stat(self, path):
        return self._without_time(super().stat(path))

    def fstat(self, file_obj):
        return self._without_time(super().fstat(file_obj))

    def _without_time(self, found):
        attributes = asyncssh.SFTPAttrs.from_local(found)
        attributes.mtime = 5
        return attributes


def test_a_server_that_contradicts_its_listing_is_named(reader_of, parcels):
    with pytest.raises(FileChangedError, match="because the server contradicts itself"):
        reader_of(GivesNoTimes, parcels).read()


def refusing(error):
    """A server that answers a request to open with an error."""

    class Refusing(ChrootedFiles):
        def open(self, path, pflags, attrs):  # noqa: ARG002  # asyncssh's names
            raise error

    return Refusing


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (
            asyncssh.SFTPError(4, "Accès refusé".encode("latin-1")),
            "the server failed to read the file: Acc\ufffds refus\ufffd",
        ),
        (asyncssh.SFTPError(3, "Accès refusé".encode("latin-1")), "does not let the user read the file"),
        (asyncssh.SFTPError(99, ""), "the server failed to read the file: error code 99"),
        (asyncssh.SFTPEOFError("the end"), "the server reported the end of the file (the end)"),
    ],
    ids=["text in latin-1", "forbidden in latin-1", "unknown code", "end of file"],
)
def test_any_refusal_is_a_reason_for_the_file_alone(reader_of, parcels, error, reason):
    # given
    reader = reader_of(refusing(error), parcels)

    # when
    with pytest.raises(AnswerError) as raised:
        reader.read()

    # then
    assert reason in explain(raised.value)
    assert reader.source.session().look("inbox/parcels.csv") is not None
