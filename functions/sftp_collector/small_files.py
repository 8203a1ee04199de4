"""Small files: claimed ahead of the workers, and recorded once they stand in the lake."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Final

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError

from functions.sftp_collector.errors import explain, trouble_of
from functions.sftp_collector.messages import CollectFile, Landed, Trouble
from functions.sftp_collector.result import CollectedFile, CollectionResult
from lake.ledger import Claim, Ledger, LedgerError

logger = Logger(child=True)

_LEDGER_ERRORS: Final = (LedgerError, BotoCoreError, ClientError)


class SmallFiles:
    """The small files of a run that are claimed.

    Args:
        ledger: where they are claimed.
        result: told what becomes of them.
    """

    def __init__(self, ledger: Ledger, result: CollectionResult) -> None:
        self._ledger = ledger
        self._result = result
        self.waiting: deque[CollectFile] = deque()
        """Those that no worker has yet."""

    def landed(self, claim: Claim, outcome: Landed) -> CollectedFile | None:
        """Record one that stands in the lake. None if that could not be recorded."""
        try:
            self._ledger.complete(claim, transferred=outcome.bytes, checksum=outcome.checksum)
        except _LEDGER_ERRORS as error:
            self.failed(claim, trouble_of(error), explain(error))
            return None
        return CollectedFile(claim.version.path, claim.object_key, outcome.bytes, outcome.checksum)

    def failed(self, claim: Claim, trouble: Trouble, reason: str) -> None:
        """Record and report one that could not be collected."""
        if trouble == Trouble.CLAIMED:
            self._result.leave_to_another(claim.version.path, reason)
            return
        try:
            self._ledger.fail(claim, reason)
        except _LEDGER_ERRORS as error:
            # The reason itself is reported all the same; the claim ends with its lease.
            logger.warning("failure not recorded", extra={"source": claim.version.path, "error": str(error)})
        self._result.fail(claim.version.path, reason)

    def all_failed(self, trouble: Trouble, reason: str) -> None:
        """Record and report all that no worker has."""
        while self.waiting:
            self.failed(self.waiting.popleft().claim, trouble, reason)

    def give_back(self, unfinished: Iterable[CollectFile]) -> int:
        """Give back the claims of those that wait and of those that workers were stopped at. Returns how many."""
        tasks = [*self.waiting, *unfinished]
        for task in tasks:
            try:
                self._ledger.pause(task.claim)
            except _LEDGER_ERRORS as error:
                # The claim ends with its lease.
                logger.warning("not given back", extra={"source": task.claim.version.path, "error": str(error)})
        return len(tasks)
