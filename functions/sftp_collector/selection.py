"""Which files of a listing this run collects, and what is said of the others."""

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
        collection: what is wanted.
        ledger: says what was collected, and since when a file looks as it does.
        result: told of each file that is not collected.
        clock: gives the time, aware of its zone.
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
        """Every version that stands at the source."""
        self.collected: list[FileVersion] = []
        """Those that were collected by an earlier run."""
        self.due: list[FileVersion] = []
        """Those to collect now, the longest waiting first."""
        self.new: set[FileVersion] = set()
        """Those that the ledger does not know."""

    def sort(self, listed: Listed) -> None:
        """Sort out a listing.

        Raises:
            LedgerError, botocore.exceptions.ClientError: the ledger cannot be read.
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
        """Record and report why a file is not even tried."""
        try:
            self._ledger.refuse(version, reason)
        except _LEDGER_ERRORS as error:
            reason = f"{reason}; this could not be recorded: {explain(error)}"
        self._result.fail(version.path, reason)

    def _is_quiet(self, version: FileVersion, server_time: int | None) -> bool:
        """Whether a file has stood unchanged long enough: for the dataset's quiet time, and never less than FRESH.

        It has if its time of modification lies so far back by the server's clock, or if this platform has seen it
        unchanged for so long: that holds whatever any clock says. Where the server does not show its clock, it is taken
        to agree with ours; one that is behind lets a file pass that is fresher by as much.
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
    # Only names that are refused hold what does not print or cannot be written as UTF-8; they have to be shown all the
    # same, without a line of their own in a report.
    return printable(f"{directory.rstrip('/')}/{name}")


def _refusal(file: RemoteFile) -> str | None:
    """Why a file is not even tried; None if it is."""
    try:
        check_file_name(file.name)
    except InvalidKeyError as error:
        return str(error)
    if file.size == 0:
        return "the file is empty (0 bytes), so it was not collected; if this is intended, remove it at its source"
    return None
