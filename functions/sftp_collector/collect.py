"""Collects one dataset: lists its directory, checks the ledger, gives due files to the workers, and reports failures.

Each small file is one task; a large file has one task for each range of parts. No task is larger than a worker can do
in seconds, and a worker gets its next task when it is done, so all workers carry nearly the same number of bytes. The
collector's own process opens no connection to the server.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

from botocore.exceptions import BotoCoreError, ClientError

from functions.observability import logger
from functions.sftp_collector.errors import explain
from functions.sftp_collector.large_files import LargeFiles
from functions.sftp_collector.messages import (
    CheckVersion,
    CollectFile,
    Failed,
    Landed,
    ListDirectory,
    Listed,
    MoveFile,
    ReadParts,
    Reply,
    Task,
    Trouble,
)
from functions.sftp_collector.result import CollectedFile, CollectionResult, LeftOut
from functions.sftp_collector.selection import Selection
from functions.sftp_collector.small_files import SmallFiles
from functions.sftp_collector.strays import abort_strays
from functions.sftp_collector.transfer import SMALLEST_PART_BYTES, Destination
from functions.sftp_collector.workers import WorkerProcess, Workers
from lake.keys import InvalidKeyError
from lake.ledger.ledger import (
    MOST_AT_ONCE,
    Claim,
    ClaimedElsewhereError,
    FileVersion,
    Ledger,
    LedgerError,
    LostClaimError,
)
from lake.ledger.strays import StrayUploads
from lake.parameters import Collection

# Seconds before the function is killed: when to stop giving out tasks, and when to stop the remaining workers.
STOP_SECONDS: Final = 30.0
END_SECONDS: Final = 10.0
# Interval between renewals of claims while no reply arrives.
TICK_SECONDS: Final = 5.0
_AWS_ERRORS: Final = (BotoCoreError, ClientError)
_FILE_ERRORS: Final = (InvalidKeyError, LedgerError, *_AWS_ERRORS)


class Collector:
    """Collects one dataset.

    Args:
        collection: what to collect.
        workers: the workers, started; `run` ends them.
        ledger: the record of collected versions.
        strays_among: returns the uploads that no run will resume, given the versions at the source.
        lake: the S3 client and the lake's bucket; keys come from the ledger.
        time_left: returns the seconds until the function is killed.
    """

    def __init__(
        self,
        collection: Collection,
        workers: Workers,
        ledger: Ledger,
        strays_among: Callable[[list[FileVersion]], StrayUploads],
        lake: Destination,
        time_left: Callable[[], float],
    ) -> None:
        self._collection = collection
        self._workers = workers
        self._ledger = ledger
        self._strays_among = strays_among
        self._lake = lake
        self._time_left = time_left
        self._result = CollectionResult(collection.dataset)
        self._selection = Selection(collection, ledger, self._result)
        self._due: deque[FileVersion] = deque()
        self._small = SmallFiles(ledger, self._result)
        self._large = LargeFiles(ledger, lake, self._result)
        self._checks_and_moves: deque[CheckVersion | MoveFile] = deque()
        self._is_listed = False

    @property
    def leaves_work(self) -> bool:
        """After a run: True if another run may find something to resume."""
        result = self._result
        return not self._is_listed or bool(result.remaining or result.left_out[LeftOut.TOO_FRESH] or result.elsewhere)

    def run(self, *, follows_unfinished: bool = False) -> CollectionResult:
        """Collect every file that can be collected. The result lists the failures with their reasons; none is raised.

        Args:
            follows_unfinished: True if the previous run may have been killed, so that its claims must be ended.
        """
        unfinished: list[Task] = []
        try:
            if self._find_work(follows_unfinished=follows_unfinished):
                self._work_off()
            unfinished = [worker.task for worker in self._workers.busy() if worker.task is not None]
        finally:
            self._workers.end()
        self._give_back(unfinished)
        return self._result

    def _find_work(self, *, follows_unfinished: bool) -> bool:
        directory = self._collection.directory
        listed = self._list()
        if isinstance(listed, str):
            self._result.fail(directory, listed)
            return False
        try:
            self._selection.sort(listed)
            strays = self._strays_among(self._selection.listed)
            count = abort_strays(self._lake, self._collection.dataset, strays)
            for path in strays.end_claims(self._collection.dataset) if follows_unfinished else ():
                self._result.leave_to_another(
                    path, "a run that may have been killed holds a claim on an earlier version"
                )
        except (LedgerError, *_AWS_ERRORS) as error:
            self._result.fail(directory, explain(error))
            return False
        self._is_listed = True
        if count:
            logger.info("removed left-over uploads", extra={"uploads": count})
        self._due.extend(self._selection.due)
        for version in self._selection.collected:
            self._move(version)
        return True

    def _list(self) -> Listed | str:
        """Return the directory's files, or why they cannot be listed. Asks another worker if one cannot connect."""
        task = ListDirectory(self._collection.directory, self._collection.pattern)
        while idle := self._workers.idle():
            self._workers.give(idle[0], task)
            reply = self._next_reply()
            match reply:
                case Listed():
                    return reply
                case Failed() if reply.trouble == Trouble.UNAVAILABLE:
                    self._workers.give_up(idle[0], reply.reason)
                case Failed():
                    return reply.reason
                case _:
                    return "the directory was not listed in time; the next run tries again"
        return self._workers.unavailable

    def _next_reply(self) -> Reply | None:
        """Return the reply of the only worker with a task. None if the time runs out."""
        while self._time_left() > END_SECONDS:
            for _, _, reply in self._workers.replies(TICK_SECONDS):
                return reply
        return None

    def _work_off(self) -> None:
        while True:
            if self._small.is_time_to_record or not self._workers.busy():
                self._record_landed()
            seconds = TICK_SECONDS
            if self._time_left() > STOP_SECONDS:
                self._hand_out()
                # While the workers are busy, claim the next files for them.
                if self._workers.busy() and self._is_short_of_work():
                    self._claim_ahead()
                    seconds = 0
            if not self._workers.busy() or self._time_left() < END_SECONDS:
                self._record_landed()
                return
            for worker, task, reply in self._workers.replies(seconds):
                self._take(worker, task, reply)
            self._small.renew()
            self._large.renew()

    def _hand_out(self) -> None:
        if not self._workers.any_usable():
            # Fail the remaining files without waiting for the server again.
            self._small.all_failed(Trouble.UNAVAILABLE, self._workers.unavailable)
            while self._due:
                self._selection.refuse(self._due.popleft(), self._workers.unavailable)
            return
        for worker in self._workers.idle():
            task = self._next_task()
            while task is None and self._due:
                self._claim_ahead()
                task = self._next_task()
            if task is None:
                return
            self._workers.give(worker, task)

    def _next_task(self) -> Task | None:
        if (parts := self._large.next_range(self._workers.count)) is not None:
            return parts
        if self._checks_and_moves:
            return self._checks_and_moves.popleft()
        return self._small.waiting.popleft() if self._small.waiting else None

    def _is_short_of_work(self) -> bool:
        return bool(self._due) and len(self._small.waiting) + self._large.ready < self._workers.count

    def _claim_ahead(self) -> None:
        """Claim the next file, or as many small files as the ledger accepts at once."""
        # If all workers are waiting, claiming one file for each is faster than claiming many.
        most = MOST_AT_ONCE if self._workers.busy() else self._workers.count
        together: list[FileVersion] = []
        while self._due and len(together) < most and self._is_new_and_small(self._due[0]):
            together.append(self._due.popleft())
        if not together:
            self._claim(self._due.popleft(), None)
            return
        for version, token in self._small.claim_new(together).items():
            self._claim(version, token)

    def _is_new_and_small(self, version: FileVersion) -> bool:
        return version in self._selection.new and version.size <= SMALLEST_PART_BYTES

    def _claim(self, version: FileVersion, token: str | None) -> None:
        try:
            claim = self._ledger.claim(version, token, is_new=version in self._selection.new)
            if claim is None:
                self._result.unchanged += 1
            elif version.size <= SMALLEST_PART_BYTES:
                self._small.waiting.append(CollectFile(claim))
            else:
                self._add_check(self._large.begin(claim))
        except (ClaimedElsewhereError, LostClaimError) as error:
            self._result.leave_to_another(version.path, str(error))
        except _FILE_ERRORS as error:
            self._result.fail(version.path, explain(error))

    def _take(self, worker: WorkerProcess, task: Task, reply: Reply) -> None:
        """Handle a worker's reply."""
        if isinstance(reply, Failed) and reply.trouble == Trouble.UNAVAILABLE:
            self._workers.give_up(worker, reply.reason)
            if self._workers.any_usable():
                self._take_back(task)
                return
        match task:
            case CollectFile():
                self._take_small(task.claim, reply)
            case ReadParts():
                self._add_check(self._large.take_parts(task, reply))
            case CheckVersion():
                if (done := self._large.take_check(task.version, reply)) is not None:
                    self._collected(task.version, done)
            case MoveFile() if isinstance(reply, Failed):
                self._result.fail(task.version.path, reply.reason)
            case _:
                return

    def _take_back(self, task: Task) -> None:
        match task:
            case CollectFile():
                self._small.waiting.appendleft(task)
            case ReadParts():
                self._large.take_back(task)
            case CheckVersion() | MoveFile():
                self._checks_and_moves.append(task)
            case ListDirectory():
                return

    def _take_small(self, claim: Claim, reply: Reply) -> None:
        if isinstance(reply, Failed):
            self._small.failed(claim, reply.trouble, reply.reason)
        elif isinstance(reply, Landed):
            self._small.landed(claim, reply)

    def _record_landed(self) -> None:
        for version, done in self._small.record_landed():
            self._collected(version, done)

    def _add_check(self, check: CheckVersion | None) -> None:
        if check is not None:
            self._checks_and_moves.append(check)

    def _collected(self, version: FileVersion, done: CollectedFile) -> None:
        self._result.add(done)
        self._move(version)

    def _move(self, version: FileVersion) -> None:
        if self._collection.archive is not None:
            self._checks_and_moves.append(MoveFile(version, self._collection.archive))

    def _give_back(self, unfinished: list[Task]) -> None:
        """Release unfinished work so that the next run can resume it immediately."""
        self._large.pause()
        small = self._small.give_back(task for task in unfinished if isinstance(task, CollectFile))
        self._result.remaining = len(self._due) + len(self._large) + small
        if self._result.remaining:
            logger.warning("stopped before the timeout", extra={"remaining": self._result.remaining})
