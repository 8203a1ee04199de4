"""Large files: begun as they are claimed, read in ranges by all workers, recorded once they are whole."""

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
    """The large files of a run that are claimed and not done yet.

    Args:
        ledger: where they are claimed.
        lake: S3 and the lake's bucket; keys come from the ledger.
        result: told of those that fail.
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
        """How many have a range that no worker has."""
        return sum(file.has_range for file in self._files.values())

    def begin(self, claim: Claim) -> CheckVersion | None:
        """Begin a file, or go on with it. Returns what is left to do if all its parts stand.

        Raises:
            Exception: as `large_file.begin` does.
        """
        file = self._files[claim.version] = begin(self._ledger, self._lake, claim)
        return CheckVersion(claim.version) if file.is_whole else None

    def next_range(self, workers: int) -> ReadParts | None:
        """The next range for one of so many workers; None if there is none."""
        for file in self._files.values():
            if file.has_range:
                return file.next_range(workers)
        return None

    def take_back(self, task: ReadParts) -> None:
        """Note that a worker could not even begin a range."""
        self._files[task.version].take_back(task.parts)

    def take_parts(self, task: ReadParts, reply: Reply) -> CheckVersion | None:
        """Take in a worker's reply about a range. Returns what is to be done next if the file is whole."""
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
        """Complete a file whose version was looked at once more. None if it failed."""
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
        """Keep the claims."""
        for file in self._files.values():
            file.renew()

    def pause(self) -> None:
        """Give the claims back, so that the next run goes on at once."""
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
