"""Moves collected files to their server's archive directory."""

from pathlib import PurePosixPath
from typing import Final

from functions.errors import CollectorError
from functions.sftp_collector.session import Session
from functions.sftp_collector.transfer import is_same
from lake.ledger.ledger import FileVersion, numbered

MAXIMUM_SAME_NAMES: Final = 1000


class ArchiveError(CollectorError):
    """A collected file could not be moved; the message states the reason and what to do."""


def move_to_archive(session: Session, version: FileVersion, archive: str) -> None:
    """Move a collected version. Does nothing if its path now has another version or no file.

    If the archive already has the name, the moved file gets a number before its extension, as inbound keys do.

    Raises:
        ArchiveError: The server does not allow the move.
        ConnectionLostError: The connection broke.
    """
    if not is_same(session.look(version.path), version):
        return
    try:
        session.rename(version.path, _free_name(session, archive, version.name))
    except FileNotFoundError as error:
        raise ArchiveError(
            f"the file was collected but not archived: the directory {archive!r} does not exist; create it at "
            "the source, or correct the dataset's archive; the next run archives the file"
        ) from error
    except OSError as error:
        raise ArchiveError(
            f"the file was collected but not archived: the server does not let it be moved to {archive!r}: "
            f"{error}; ask the server's operator for permission to move files; the next run tries again"
        ) from error


def _free_name(session: Session, archive: str, name: str) -> str:
    for number in range(1, MAXIMUM_SAME_NAMES + 1):
        target = str(PurePosixPath(archive) / numbered(name, number))
        # Check first: some servers let a rename overwrite an existing file.
        if session.look(target) is None:
            return target
    raise ArchiveError(
        f"the file was collected but not archived: {archive!r} already has {MAXIMUM_SAME_NAMES} files "
        f"named {name!r}; clear the archive"
    )
