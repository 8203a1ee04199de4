"""All small files of a run: claims them ahead of the workers, and records them once they are in the lake."""

from __future__ import annotations

import time
import uuid
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Final

from botocore.exceptions import BotoCoreError, ClientError

from functions.observability import logger
from functions.sftp_collector.errors import explain, trouble_of
from functions.sftp_collector.messages import CollectFile, Landed, Trouble
from functions.sftp_collector.result import CollectedFile, CollectionResult
from lake.keys import InvalidKeyError
from lake.ledger.ledger import MOST_AT_ONCE, Claim, FileVersion, Ledger, LedgerError, LostClaimError

# How long a landed file waits for others to be recorded together with it.
RECORD_SECONDS: Final = 1.0


_LEDGER_ERRORS: Final = (LedgerError, BotoCoreError, ClientError)
_CLAIM_ERRORS: Final = (InvalidKeyError, LedgerError)


class SmallFiles:
    """The small files of a run that are claimed.

    Args:
        ledger: the ledger that has the claims.
        result: records the outcome of each file.
    """

    def __init__(self, ledger: Ledger, result: CollectionResult) -> None:
        self._ledger = ledger
        self._result = result
        self.waiting: deque[CollectFile] = deque()
        """Files that are not assigned to a worker yet."""
        self._landed: list[tuple[Claim, Landed]] = []
        self._landed_since = 0.0

    def claim_new(self, versions: Iterable[FileVersion]) -> dict[FileVersion, str]:
        """Claim files that the ledger does not know, in one transaction.

        Returns:
            The files that must be claimed one by one, each with the token for its claim.
        """
        tokens = {version: uuid.uuid4().hex for version in versions}
        try:
            claims = self._ledger.claim_new(tokens)
        except _CLAIM_ERRORS:
            # Claim them one by one to find the file that fails.
            return tokens
        if claims is None:
            return tokens
        self.waiting.extend(CollectFile(claim) for claim in claims)
        return {}

    def renew(self) -> None:
        """Renew the claims of the waiting files."""
        kept: deque[CollectFile] = deque()
        for task in self.waiting:
            try:
                kept.append(CollectFile(self._ledger.renew(task.claim)))
            except LostClaimError as error:
                self._result.leave_to_another(task.claim.version.path, str(error))
            except _LEDGER_ERRORS as error:
                # The worker that gets the file tries again.
                kept.append(task)
                logger.warning("claim not renewed", extra={"source": task.claim.version.path, "error": str(error)})
        self.waiting = kept

    def landed(self, claim: Claim, outcome: Landed) -> None:
        """Add a file that is in the lake; `record_landed` records it in the ledger."""
        if not self._landed:
            self._landed_since = time.monotonic()
        self._landed.append((claim, outcome))

    @property
    def is_time_to_record(self) -> bool:
        """True if enough files have landed to record them together, or one of them has waited long enough."""
        return len(self._landed) >= MOST_AT_ONCE or (
            bool(self._landed) and time.monotonic() - self._landed_since >= RECORD_SECONDS
        )

    def record_landed(self) -> Iterator[tuple[FileVersion, CollectedFile]]:
        """Record the files that landed. Yields each recorded file."""
        landed, self._landed = self._landed, []
        while landed:
            some, landed = landed[:MOST_AT_ONCE], landed[MOST_AT_ONCE:]
            recorded = self._ledger.complete_all([(claim, done.bytes, done.checksum) for claim, done in some])
            for claim, outcome in some:
                file = _collected(claim, outcome) if recorded else self._record(claim, outcome)
                if file is not None:
                    yield claim.version, file

    def _record(self, claim: Claim, outcome: Landed) -> CollectedFile | None:
        try:
            self._ledger.complete(claim, transferred=outcome.bytes, checksum=outcome.checksum)
        except _LEDGER_ERRORS as error:
            self.failed(claim, trouble_of(error), explain(error))
            return None
        return _collected(claim, outcome)

    def failed(self, claim: Claim, trouble: Trouble, reason: str) -> None:
        """Record and report a file that could not be collected."""
        if trouble == Trouble.CLAIMED:
            self._result.leave_to_another(claim.version.path, reason)
            return
        try:
            self._ledger.fail(claim, reason)
        except _LEDGER_ERRORS as error:
            # The reason is reported anyway, and the claim expires with its lease.
            logger.warning("failure not recorded", extra={"source": claim.version.path, "error": str(error)})
        self._result.fail(claim.version.path, reason)

    def all_failed(self, trouble: Trouble, reason: str) -> None:
        """Record and report all files that are not assigned to a worker."""
        while self.waiting:
            self.failed(self.waiting.popleft().claim, trouble, reason)

    def give_back(self, unfinished: Iterable[CollectFile]) -> int:
        """Release the claims of waiting files and of files whose workers were stopped. Returns their number."""
        tasks = [*self.waiting, *unfinished]
        for task in tasks:
            try:
                self._ledger.pause(task.claim)
            except _LEDGER_ERRORS as error:
                # The claim expires with its lease.
                logger.warning("claim not released", extra={"source": task.claim.version.path, "error": str(error)})
        return len(tasks)


def _collected(claim: Claim, outcome: Landed) -> CollectedFile:
    return CollectedFile(claim.version.path, claim.object_key, outcome.bytes, outcome.checksum)
