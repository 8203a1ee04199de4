"""Lists a directory: the files that match the dataset's pattern, the number of other entries, and the server's time."""

from __future__ import annotations

import stat
from collections import defaultdict
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import PurePosixPath
from typing import Final

import paramiko

from functions.errors import CollectorError
from functions.observability import logger
from functions.sftp_collector.messages import ListDirectory, Listed
from functions.sftp_collector.result import LeftOut
from functions.sftp_collector.session import RemoteFile, Session

# Most names of skipped entries that are logged for each reason.
SHOWN_NAMES: Final = 5


class ListingError(CollectorError):
    """The directory cannot be listed; the message states the reason and what to do."""


def list_directory(session: Session, task: ListDirectory) -> Listed:
    """List a directory.

    Raises:
        ListingError: The server refuses.
        ConnectionLostError: The connection broke.
    """
    try:
        return _Listing(session, task).read()
    except FileNotFoundError as error:
        raise ListingError(
            "the directory does not exist; create it at the source, or correct the dataset's directory"
        ) from error
    except PermissionError as error:
        raise ListingError(
            "the server does not let the user list the directory; ask the server's operator for read permission"
        ) from error
    except OSError as error:
        raise ListingError(f"the directory cannot be listed: {error}; ask the server's operator") from error


class _Listing:
    def __init__(self, session: Session, task: ListDirectory) -> None:
        self._session = session
        self._directory = task.directory
        self._pattern = task.pattern
        self._left_out: defaultdict[LeftOut, list[str]] = defaultdict(list)

    def read(self) -> Listed:
        before = self._accessed()
        entries = self._session.entries(self._directory)
        after = self._accessed()
        files = [file for entry in entries if (file := self._file(entry)) is not None]
        for reason, names in self._left_out.items():
            shown = [ascii(name) for name in names[:SHOWN_NAMES]]
            logger.info("left out", extra={"reason": reason, "count": len(names), "first": shown})
        counts = {reason: len(names) for reason, names in self._left_out.items()}
        return Listed(files, counts, after if after != before else None)

    def _accessed(self) -> int | None:
        """Return when the directory was last read, by the server's clock.

        If listing the directory changes this time, the new value is the server's current time. Most file systems update
        it if the directory changed since the last read, so the clock is known whenever files arrived.
        """
        try:
            return self._session.attributes(self._directory).st_atime
        except OSError:
            return None

    def _file(self, entry: paramiko.SFTPAttributes) -> RemoteFile | None:
        """Return the file of an entry. Returns None and counts the entry if it is left out."""
        kind = stat.S_IFMT(entry.st_mode or 0)
        # Some servers do not report the type of an entry; opening the file shows it.
        if kind not in {0, stat.S_IFREG, stat.S_IFLNK}:
            return self._leave_out(LeftOut.TYPE, entry)
        if not fnmatchcase(entry.filename, self._pattern):
            return self._leave_out(LeftOut.PATTERN, entry)
        listed = RemoteFile(entry.filename, entry.st_size, entry.st_mtime)
        # An unprintable name is refused in any case, and cannot be requested.
        if not entry.filename.isprintable():
            return listed
        if kind == stat.S_IFLNK:
            return self._behind_link(entry)
        if listed.size is None or listed.modified is None:
            return self._looked_at(entry) or listed
        return listed

    def _looked_at(self, entry: paramiko.SFTPAttributes) -> RemoteFile | None:
        try:
            return self._session.look(self._path(entry))
        except OSError:
            return None

    def _behind_link(self, entry: paramiko.SFTPAttributes) -> RemoteFile | None:
        """Return the file that a link leads to, under the link's name, if it is in the directory."""
        path = self._path(entry)
        try:
            found = self._session.attributes(path)
            is_inside = PurePosixPath(self._session.real_path(path)).is_relative_to(self._real_directory)
        except OSError:
            return self._leave_out(LeftOut.LINK, entry)
        if not is_inside or stat.S_IFMT(found.st_mode or 0) not in {0, stat.S_IFREG}:
            return self._leave_out(LeftOut.LINK, entry)
        return RemoteFile(entry.filename, found.st_size, found.st_mtime)

    @cached_property
    def _real_directory(self) -> str:
        return self._session.real_path(self._directory)

    def _path(self, entry: paramiko.SFTPAttributes) -> str:
        return f"{self._directory.rstrip('/')}/{entry.filename}"

    def _leave_out(self, reason: LeftOut, entry: paramiko.SFTPAttributes) -> None:
        self._left_out[reason].append(entry.filename)
