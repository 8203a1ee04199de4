"""Small files: claimed ahead of the workers, and recorded once they stand in the lake."""

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

# How long one that landed waits for others to be recorded with it.
RECORD_SECONDS: Final = 1.0


_LEDGER_ERRORS: Final = (LedgerError, BotoCoreError, ClientError)
_CLAIM_ERRORS: Final = (InvalidKeyError, LedgerError)


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
        self._landed: list[tuple[Claim, Landed]] = []
        self._landed_since = 0.0

    def claim_new(self, versions: Iterable[FileVersion]) -> dict[FileVersion, str]:
        """Claim files that the ledger does not know, at once. Returns those that have to be claimed one by one.

        Returns:
            They are given with the token that each has to be claimed by.
        """
        tokens = {version: uuid.uuid4().hex for version in versions}
        try:
            claims = self._ledger.claim_new(tokens)
        except _CLAIM_ERRORS:
            # Each that it is true of is told by itself.
            return tokens
        if claims is None:
            return tokens
        self.waiting.extend(CollectFile(claim) for claim in claims)
        return {}

    def renew(self) -> None:
        """Keep the claims of those that wait."""
        kept: deque[CollectFile] = deque()
        for task in self.waiting:
            try:
                kept.append(CollectFile(self._ledger.renew(task.claim)))
            except LostClaimError as error:
                self._result.leave_to_another(task.claim.version.path, str(error))
            except _LEDGER_ERRORS as error:
                # The worker that gets it asks again.
                kept.append(task)
                logger.warning("claim not renewed", extra={"source": task.claim.version.path, "error": str(error)})
        self.waiting = kept

    def landed(self, claim: Claim, outcome: Landed) -> None:
        """Take in one that stands in the lake; `record_landed` says so to the ledger."""
        if not self._landed:
            self._landed_since = time.monotonic()
        self._landed.append((claim, outcome))

    @property
    def is_time_to_record(self) -> bool:
        """Whether as many have landed as are recorded at once, or one of them long enough ago."""
        return len(self._landed) >= MOST_AT_ONCE or (
            bool(self._landed) and time.monotonic() - self._landed_since >= RECORD_SECONDS
        )

    def record_landed(self) -> Iterator[tuple[FileVersion, CollectedFile]]:
        """Record those that landed. Those that could be are yielded."""
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
                logger.warning("claim not released", extra={"source": task.claim.version.path, "error": str(error)})
        return len(tasks)


def _collected(claim: Claim, outcome: Landed) -> CollectedFile:
    return CollectedFile(claim.version.path, claim.object_key, outcome.bytes, outcome.checksum)
