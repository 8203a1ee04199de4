"""An open SFTP session: the requests that the collector makes, adapted to what each server allows."""

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
from functions.sftp_collector.receiving import Pieces

# A server may send anything: text that is not UTF-8 and other malformed messages raise ValueError.
_CONNECTION_ERRORS: Final = (paramiko.SSHException, paramiko.SFTPError, EOFError, OSError, ValueError)


class SourceUnavailableError(CollectorError):
    """This run cannot use the server; the message states the reason and what to do."""

    def __init__(self, message: str, *, may_pass: bool) -> None:
        super().__init__(message)
        self.may_pass = may_pass
        """True if another attempt in a moment may succeed: after a restart it may, after a refused key it does not."""


class ConnectionLostError(CollectorError):
    """The connection broke during an operation."""


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """Name, size and time of modification of a file on the server."""

    name: str
    """As the server sent it. Bytes that are not UTF-8 become lone surrogates, which no safe name contains."""
    size: int | None
    """Bytes; None if the server does not report the size."""
    modified: int | None
    """Seconds since 1970 UTC; None if the server does not report the time."""


class Session:
    """An open SFTP session.

    Unless stated otherwise, methods raise FileNotFoundError if the server does not have the file, PermissionError if
    the user lacks permission, OSError if the server refuses for another reason, and ConnectionLostError if the
    connection broke.
    """

    def __init__(self, transport: paramiko.Transport, files: CollectorClient) -> None:
        self._transport = transport
        self._files = files
        self.open_files_can_be_looked_at = True
        """False after the server refused or contradicted itself. From then on, files are checked by their paths."""

    @property
    def request_bytes(self) -> int:
        """Largest size of one read request."""
        return self._files.request_bytes

    @request_bytes.setter
    def request_bytes(self, most: int) -> None:
        self._files.request_bytes = most

    @property
    def may_have_broken_of_large_requests(self) -> bool:
        """True if requests of more than 32 KiB were made and none was answered."""
        return self._files.large_requests_are_answered is False

    def entries(self, directory: str) -> list[paramiko.SFTPAttributes]:
        """Return all entries of a directory, with the attributes in the server's listing."""
        with _lost_connection_recognised():
            return self._files.list_directory(directory)

    def attributes(self, path: str) -> paramiko.SFTPAttributes:
        """Return the attributes of the file at a path, following links."""
        try:
            with _lost_connection_recognised():
                return self._files.stat(path)
        except FileNotFoundError:
            raise
        except AnswerError:
            # Some servers refuse STAT, others LSTAT.
            with _lost_connection_recognised():
                return self._files.lstat(path)

    def look(self, path: str) -> RemoteFile | None:
        """Return the current state of a path. None if nothing exists there."""
        try:
            found = self.attributes(path)
        except FileNotFoundError:
            return None
        return RemoteFile(PurePosixPath(path).name, found.st_size, found.st_mtime)

    def real_path(self, path: str) -> str:
        """Return an absolute path without links."""
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
                # The answer says nothing that matters, so it is not awaited.
                file._close(async_=True)  # noqa: SLF001 # pyright: ignore[reportAttributeAccessIssue]  # not in the stubs

    def rename(self, path: str, target: str) -> None:
        """Move a file on the server."""
        with _lost_connection_recognised():
            self._files.rename(path, target)

    def close(self) -> None:
        """Close the session, even a broken one."""
        self._transport.close()


class OpenFile:
    """A file that is open for reading. Its methods raise the same errors as the session's."""

    def __init__(self, session: Session, files: CollectorClient, path: str, file: paramiko.SFTPFile) -> None:
        self._session = session
        self._files = files
        self._path = path
        self._file = file

    def look(self) -> RemoteFile:
        """Return the file's current state."""
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

    def read(self, start: int, size: int) -> Iterator[Pieces]:
        """Yield `size` bytes from `start` in blocks; fewer if the file ends earlier."""
        with _lost_connection_recognised():
            yield from self._files.read_in_order(self._file, start, size)


@contextmanager
def _lost_connection_recognised() -> Generator[None]:
    """Turn every error of a broken connection into ConnectionLostError. The server's own answers pass through."""
    try:
        yield
    except AnswerError:
        raise
    except _CONNECTION_ERRORS as error:
        raise ConnectionLostError(f"the connection was lost: {reason_of(error)}") from error


def reason_of(error: BaseException) -> str:
    """Return an error's text, or the name of its class if the text is empty."""
    return str(error) or type(error).__name__
