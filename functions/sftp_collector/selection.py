"""Selects the files of a listing that this run collects, and records why the others are not collected."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from botocore.exceptions import BotoCoreError, ClientError

from functions.sftp_collector.errors import explain
from functions.sftp_collector.messages import Listed
from functions.sftp_collector.result import CollectionResult, LeftOut
from functions.sftp_collector.session import RemoteFile
from lake.keys import InvalidKeyError, check_file_name
from lake.ledger.ledger import Clock, FileVersion, Ledger, LedgerError, State
from lake.parameters import FRESH, Collection
from lake.printable import printable

_LEDGER_ERRORS: Final = (LedgerError, BotoCoreError, ClientError)


class Selection:
    """The files of one listing.

    Args:
        collection: what to collect.
        ledger: the record of collected versions, and of how long a file has been unchanged.
        result: records each file that is not collected.
        clock: returns the current time, aware of its zone.
    """

    def __init__(
        self,
        collection: Collection,
        ledger: Ledger,
        result: CollectionResult,
        clock: Clock = lambda: datetime.now(UTC),
    ) -> None:
        self._collection = collection
        self._ledger = ledger
        self._result = result
        self._clock = clock
        self.listed: list[FileVersion] = []
        """Every version at the source."""
        self.collected: list[FileVersion] = []
        """Versions that an earlier run collected."""
        self.due: list[FileVersion] = []
        """Versions to collect now, the oldest first."""
        self.new: set[FileVersion] = set()
        """Versions that the ledger does not know."""

    def sort(self, listed: Listed) -> None:
        """Sort the files of a listing into collected, due and new versions.

        Raises:
            LedgerError, botocore.exceptions.ClientError: The ledger cannot be read.
        """
        for reason, count in listed.left_out.items():
            self._result.leave_out(reason, count)
        ordered = sorted(listed.files, key=_age)
        candidates = [version for file in ordered if (version := self._version(file)) is not None]
        states = self._ledger.states_of(candidates)
        self.collected = [version for version in candidates if states.get(version) == State.COMPLETE]
        self._result.unchanged += len(self.collected)
        self.new = {version for version in candidates if version not in states}
        self.due = [v for v in candidates if states.get(v) != State.COMPLETE and self._is_quiet(v, listed.server_time)]

    def _version(self, file: RemoteFile) -> FileVersion | None:
        path = _path(self._collection.directory, file.name)
        if file.size is None or file.modified is None:
            self._result.fail(
                path,
                "the server does not report a size or a time of modification, so changes of the file would go "
                "unnoticed; ask the server's operator",
            )
            return None
        version = FileVersion(self._collection.dataset, self._collection.connection, path, file.size, file.modified)
        refusal = _refusal(file)
        if refusal is not None:
            self.refuse(version, refusal)
            return None
        self.listed.append(version)
        return version

    def refuse(self, version: FileVersion, reason: str) -> None:
        """Record and report why a file is not attempted."""
        try:
            self._ledger.refuse(version, reason)
        except _LEDGER_ERRORS as error:
            reason = f"{reason}; this could not be recorded: {explain(error)}"
        self._result.fail(version.path, reason)

    def _is_quiet(self, version: FileVersion, server_time: int | None) -> bool:
        """Return True if a file has been unchanged for the dataset's quiet time, and at least for FRESH.

        The file's time of modification may show that by the server's clock. Or this platform has seen the file
        unchanged for that long, which is true whatever any clock shows. If the server's time is unknown, its clock is
        assumed to agree with ours; a slow clock then lets a file pass that is fresher by the difference.
        """
        quiet = max(FRESH, timedelta(seconds=self._collection.quiet_seconds))
        now = self._clock()
        server_now = now if server_time is None else datetime.fromtimestamp(server_time, UTC)
        if server_now - datetime.fromtimestamp(version.modified, UTC) >= quiet:
            return True
        try:
            if now - self._ledger.unchanged_since(version) >= quiet:
                return True
        except _LEDGER_ERRORS as error:
            self._result.fail(version.path, explain(error))
            return False
        self._result.leave_out(LeftOut.TOO_FRESH)
        return False


def _age(file: RemoteFile) -> tuple[int, str]:
    return (file.modified or 0, file.name)


def _path(directory: str, name: str) -> str:
    # Refused names may contain characters that are unprintable or not valid in UTF-8. Reports must show such names
    # without breaking lines.
    return printable(f"{directory.rstrip('/')}/{name}")


def _refusal(file: RemoteFile) -> str | None:
    """Return why a file is not attempted. None if it is."""
    try:
        check_file_name(file.name)
    except InvalidKeyError as error:
        return str(error)
    if file.size == 0:
        return "the file is empty (0 bytes), so it was not collected; if this is intended, remove it at its source"
    return None
