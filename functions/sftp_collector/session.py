"""An open SFTP session: what the collector asks of a server, in the ways that the server lets it ask."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

import paramiko

from functions.errors import CollectorError
from functions.sftp_collector.answers import AnswerError
from functions.sftp_collector.client import CollectorClient

# A server may send anything: text that is not UTF-8 is a ValueError, and so are other malformed messages.
_CONNECTION_ERRORS: Final = (paramiko.SSHException, paramiko.SFTPError, EOFError, OSError, ValueError)


class SourceUnavailableError(CollectorError):
    """The server cannot be used by this run; the message says why and what to do."""

    def __init__(self, message: str, *, may_pass: bool) -> None:
        super().__init__(message)
        self.may_pass = may_pass
        """Whether connecting again a moment later may help: a refused key does not get better, a restart does."""


class ConnectionLostError(CollectorError):
    """The connection broke in the middle of something."""


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """How a file looks."""

    name: str
    """As the server gave it; bytes that are not UTF-8 stand as lone surrogates, which no safe name contains."""
    size: int | None
    """Bytes; None if the server does not tell."""
    modified: int | None
    """Seconds since 1970 UTC; None if the server does not tell."""


class Session:
    """An open SFTP session.

    Where a method does not say otherwise it raises FileNotFoundError if the server does not have the file,
    PermissionError if it does not give the user the right to it, OSError if it refuses for another reason, and
    ConnectionLostError if the connection broke.
    """

    def __init__(self, transport: paramiko.Transport, files: CollectorClient) -> None:
        self._transport = transport
        self._files = files
        self.open_files_can_be_looked_at = True
        """False once the server refused that or contradicted itself: files are looked at by their path from then on."""

    @property
    def request_bytes(self) -> int:
        """At most so much is asked for at once."""
        return self._files.request_bytes

    @request_bytes.setter
    def request_bytes(self, most: int) -> None:
        self._files.request_bytes = most

    @property
    def may_have_broken_of_large_requests(self) -> bool:
        """Whether requests of more than 32 KiB were made and none was ever answered."""
        return self._files.large_requests_are_answered is False

    def entries(self, directory: str) -> list[paramiko.SFTPAttributes]:
        """All entries of a directory, with the attributes that the server lists them with."""
        with _lost_connection_recognised():
            return self._files.list_directory(directory)

    def attributes(self, path: str) -> paramiko.SFTPAttributes:
        """Attributes of what a path leads to, through links."""
        try:
            with _lost_connection_recognised():
                return self._files.stat(path)
        except FileNotFoundError:
            raise
        except AnswerError:
            # Some servers refuse STAT, some LSTAT.
            with _lost_connection_recognised():
                return self._files.lstat(path)

    def look(self, path: str) -> RemoteFile | None:
        """How a path looks now, whatever it is; None if there is nothing."""
        try:
            found = self.attributes(path)
        except FileNotFoundError:
            return None
        return RemoteFile(PurePosixPath(path).name, found.st_size, found.st_mtime)

    def real_path(self, path: str) -> str:
        """An absolute path without links."""
        with _lost_connection_recognised():
            return self._files.normalize(path)

    @contextmanager
    def open(self, path: str) -> Generator[OpenFile]:
        """Open a file for reading."""
        with _lost_connection_recognised():
            file = self._files.open(path, "rb")
        try:
            yield OpenFile(self, self._files, path, file)
        finally:
            with _lost_connection_recognised():
                file.close()

    def rename(self, path: str, target: str) -> None:
        """Move a file on the server."""
        with _lost_connection_recognised():
            self._files.rename(path, target)

    def close(self) -> None:
        """Close the session; a broken one too."""
        self._transport.close()


class OpenFile:
    """A file that is open for reading. Its methods raise as the session's do."""

    def __init__(self, session: Session, files: CollectorClient, path: str, file: paramiko.SFTPFile) -> None:
        self._session = session
        self._files = files
        self._path = path
        self._file = file

    def look(self) -> RemoteFile:
        """How the file looks now."""
        if self._session.open_files_can_be_looked_at:
            try:
                with _lost_connection_recognised():
                    found = self._file.stat()
            except AnswerError:
                self._session.open_files_can_be_looked_at = False
            else:
                return RemoteFile(PurePosixPath(self._path).name, found.st_size, found.st_mtime)
        found = self._session.look(self._path)
        if found is None:
            raise AnswerError(
                "the server does not report the size and time of an open file, so changes of the file would go "
                "unnoticed; ask the server's operator"
            )
        return found

    def read(self, start: int, size: int) -> Iterator[bytes]:
        """`size` bytes from `start` on, in blocks; fewer where the file ends before."""
        with _lost_connection_recognised():
            yield from self._files.read_in_order(self._file, start, size)


@contextmanager
def _lost_connection_recognised() -> Generator[None]:
    """Turn whatever a broken connection raises into ConnectionLostError; the server's own answers pass through."""
    try:
        yield
    except AnswerError:
        raise
    except _CONNECTION_ERRORS as error:
        raise ConnectionLostError(f"the connection was lost: {reason_of(error)}") from error


def reason_of(error: BaseException) -> str:
    """An error's text, or its name if it has none."""
    return str(error) or type(error).__name__
