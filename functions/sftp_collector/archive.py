"""Moves collected files to the archive directory of their server."""

from pathlib import PurePosixPath
from typing import Final

from functions.errors import CollectorError
from functions.sftp_collector.session import Session
from functions.sftp_collector.transfer import is_same
from lake.ledger.ledger import FileVersion, numbered

MAXIMUM_SAME_NAMES: Final = 1000


class ArchiveError(CollectorError):
    """A collected file could not be moved; the message says why and what to do."""


def move_to_archive(session: Session, version: FileVersion, archive: str) -> None:
    """Move a collected version. One whose path holds another version by now, or nothing, is left alone.

    A name that the archive has already gets a number before its extension, as inbound keys do.

    Raises:
        ArchiveError: the server does not let it be moved.
        ConnectionLostError: the connection broke.
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
            f"{error}; ask the server's operator for this right; the next run tries again"
        ) from error


def _free_name(session: Session, archive: str, name: str) -> str:
    for number in range(1, MAXIMUM_SAME_NAMES + 1):
        target = str(PurePosixPath(archive) / numbered(name, number))
        # Looked for first: some servers let a rename overwrite what is there.
        if session.look(target) is None:
            return target
    raise ArchiveError(
        f"the file was collected but not archived: {archive!r} already has {MAXIMUM_SAME_NAMES} files "
        f"named {name!r}; clear the archive"
    )
