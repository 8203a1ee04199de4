"""All large files of a run: begins them when claimed, assigns their ranges to workers, and records whole files."""

from __future__ import annotations

from typing import Final

from botocore.exceptions import BotoCoreError, ClientError

from functions.sftp_collector.errors import explain, trouble_of
from functions.sftp_collector.large_file import LargeFile, begin
from functions.sftp_collector.messages import CheckVersion, Failed, PartUploaded, ReadParts, Reply, Trouble
from functions.sftp_collector.result import CollectedFile, CollectionResult
from functions.sftp_collector.transfer import Destination
from lake.ledger.ledger import Claim, FileVersion, Ledger, LedgerError

_LEDGER_ERRORS: Final = (LedgerError, BotoCoreError, ClientError)


class LargeFiles:
    """The large files of a run that are claimed and not yet complete.

    Args:
        ledger: the ledger that has the claims.
        lake: the S3 client and the lake's bucket; keys come from the ledger.
        result: records the files that fail.
    """

    def __init__(self, ledger: Ledger, lake: Destination, result: CollectionResult) -> None:
        self._ledger = ledger
        self._lake = lake
        self._result = result
        self._files: dict[FileVersion, LargeFile] = {}

    def __len__(self) -> int:
        return len(self._files)

    @property
    def ready(self) -> int:
        """Number of files with an unassigned range."""
        return sum(file.has_range for file in self._files.values())

    def begin(self, claim: Claim) -> CheckVersion | None:
        """Begin a file, or resume it. Returns the check that remains if all its parts are uploaded.

        Raises:
            Exception: See `large_file.begin`.
        """
        file = self._files[claim.version] = begin(self._ledger, self._lake, claim)
        return CheckVersion(claim.version) if file.is_whole else None

    def next_range(self, workers: int) -> ReadParts | None:
        """Return the next range for one of the given number of workers. None if no range is left."""
        for file in self._files.values():
            if file.has_range:
                return file.next_range(workers)
        return None

    def take_back(self, task: ReadParts) -> None:
        """Record that a worker could not begin a range."""
        self._files[task.version].take_back(task.parts)

    def take_parts(self, task: ReadParts, reply: Reply) -> CheckVersion | None:
        """Handle a worker's reply about a range. Returns the check to do next if the file is whole."""
        file = self._files[task.version]
        if isinstance(reply, PartUploaded):
            file.add(reply)
            return None
        file.take_back(task.parts)
        if isinstance(reply, Failed):
            file.failure = file.failure or (reply.trouble, reply.reason)
        if not file.is_idle:
            return None
        if file.failure is not None:
            self._failed(file)
            return None
        return CheckVersion(task.version) if file.is_whole else None

    def take_check(self, version: FileVersion, reply: Reply) -> CollectedFile | None:
        """Complete a file after the final check of its version. Returns None if the file failed."""
        file = self._files[version]
        if isinstance(reply, Failed):
            file.failure = file.failure or (reply.trouble, reply.reason)
        if file.failure is None:
            try:
                done = file.complete()
            except _LEDGER_ERRORS as error:
                trouble = trouble_of(error)
                file.failure = (trouble if trouble == Trouble.CLAIMED else Trouble.PASSING, explain(error))
            else:
                del self._files[version]
                return done
        self._failed(file)
        return None

    def renew(self) -> None:
        """Renew the claims."""
        for file in self._files.values():
            file.renew()

    def pause(self) -> None:
        """Release the claims so that the next run can resume immediately."""
        for file in self._files.values():
            file.pause()

    def _failed(self, file: LargeFile) -> None:
        del self._files[file.version]
        file.record_failure()
        trouble, reason = file.failure or (Trouble.PASSING, "")
        if trouble == Trouble.CLAIMED:
            self._result.leave_to_another(file.version.path, reason)
        else:
            self._result.fail(file.version.path, reason)
