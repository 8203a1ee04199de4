"""Which files of a listing this run collects, and what is said of the others."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from typing import Final

from botocore.exceptions import BotoCoreError, ClientError

from functions.sftp_collector.connection import RemoteFile
from functions.sftp_collector.errors import explain
from functions.sftp_collector.result import CollectionResult
from lake.keys import InvalidKeyError, check_file_name
from lake.ledger.ledger import Clock, FileVersion, Ledger, LedgerError, State
from lake.parameters import Collection

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

    def sort(self, files: Sequence[RemoteFile]) -> None:
        """Sort out a listing.

        Raises:
            LedgerError, botocore.exceptions.ClientError: the ledger cannot be read.
        """
        wanted = [file for file in files if fnmatchcase(file.name, self._collection.pattern)]
        candidates = [version for file in sorted(wanted, key=_age) if (version := self._version(file)) is not None]
        states = self._ledger.states_of(candidates)
        self.collected = [version for version in candidates if states.get(version) == State.COMPLETE]
        self._result.unchanged += len(self.collected)
        self.new = {version for version in candidates if version not in states}
        self.due = [v for v in candidates if states.get(v) != State.COMPLETE and self._is_quiet(v)]

    def _version(self, file: RemoteFile) -> FileVersion | None:
        path = _path(self._collection.directory, file.name)
        if file.size is None or file.modified is None:
            self._result.fail(
                path, "the server tells no size or no time of modification, so a change could not be seen"
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
            reason = f"{reason}; and that could not be recorded: {explain(error)}"
        self._result.fail(version.path, reason)

    def _is_quiet(self, version: FileVersion) -> bool:
        """Whether a file has stood unchanged long enough.

        It has if its time of modification lies so far back, or if this platform has seen it unchanged for so long: that
        holds whatever the server's clock says, of which SFTP tells nothing. A clock that is behind by more than the
        quiet time lets a file pass that is being written; the checks around the transfer are for that case.
        """
        quiet = timedelta(seconds=self._collection.quiet_seconds)
        if not quiet:
            return True
        now = self._clock()
        if now - datetime.fromtimestamp(version.modified, UTC) >= quiet:
            return True
        try:
            if now - self._ledger.unchanged_since(version) >= quiet:
                return True
        except _LEDGER_ERRORS as error:
            self._result.fail(version.path, explain(error))
            return False
        self._result.waiting += 1
        return False


def _age(file: RemoteFile) -> tuple[int, str]:
    return (file.modified or 0, file.name)


def _path(directory: str, name: str) -> str:
    # Only names that are refused hold what cannot be written as UTF-8; they have to be told all the same.
    return f"{directory.rstrip('/')}/{name}".encode("utf-8", "backslashreplace").decode()


def _refusal(file: RemoteFile) -> str | None:
    """Why a file is not even tried; None if it is."""
    try:
        check_file_name(file.name)
    except InvalidKeyError as error:
        return str(error)
    if file.size == 0:
        return (
            "it is empty (0 bytes), so nothing was landed; if that is no mistake of its sender, remove it at its source"
        )
    return None
