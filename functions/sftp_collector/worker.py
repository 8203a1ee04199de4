"""What a worker process does: one task after the other from its pipe, over a connection of its own."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from multiprocessing.connection import Connection as Pipe
from typing import TYPE_CHECKING, Final, TypeVar

import boto3

from functions.observability import logger
from functions.sftp_collector.archive import move_to_archive
from functions.sftp_collector.errors import EXPECTED_ERRORS, explain, trouble_of
from functions.sftp_collector.listing import list_directory
from functions.sftp_collector.messages import (
    CheckVersion,
    CollectFile,
    Done,
    Failed,
    Landed,
    ListDirectory,
    MoveFile,
    PartRange,
    PartUploaded,
    ReadParts,
    Reply,
    Task,
    Trouble,
)
from functions.sftp_collector.receiving import keep_freed_memory
from functions.sftp_collector.session import ConnectionLostError, Session, SourceUnavailableError
from functions.sftp_collector.source import Source
from functions.sftp_collector.transfer import (
    Destination,
    check_path,
    put_parts,
    put_whole,
)
from lake.ledger.ledger import LEASE, Ledger

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ResultT = TypeVar("ResultT")

# A connection that breaks is opened again; a file that breaks it each time must not take the others along.
ATTEMPTS: Final = 2


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """What a worker needs; it is forked with it, so nothing of it goes through a pipe."""

    open_session: Callable[[], Session]
    open_ledger: Callable[[], Ledger]
    bucket: str
    about: Mapping[str, str]
    """Metadata of what it lands."""


class Orphaned(BaseException):
    """The collector has ended: nobody holds this worker's claims any more."""


def work(settings: WorkerSettings, pipe: Pipe) -> None:
    """Do tasks until the pipe is closed. The main function of a worker's process."""
    # ctrl-C goes to the whole group; the collector ends its workers itself.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    keep_freed_memory()
    worker = Worker(settings, os.getppid())
    try:
        worker.connect()
        while (task := _next_task(pipe)) is not None:
            for reply in worker.replies(task):
                pipe.send(reply)
    except (BrokenPipeError, ConnectionResetError, Orphaned):
        return
    finally:
        worker.close()


def _next_task(pipe: Pipe) -> Task | None:
    """The next task; None once the collector has closed the pipe."""
    try:
        return pipe.recv()
    except (EOFError, ConnectionResetError):
        return None


class Worker:
    """Does tasks with clients, a ledger and a connection of its own: none of them may be shared across a fork."""

    def __init__(self, settings: WorkerSettings, collector: int) -> None:
        self._source = Source(settings.open_session)
        self._open_ledger = settings.open_ledger
        self._client: S3Client = boto3.client("s3")
        self._bucket = settings.bucket
        self._about = settings.about
        self._collector = collector

    @cached_property
    def _ledger(self) -> Ledger:
        """Opened for the first claim that has to be renewed: nothing else here needs it."""
        return self._open_ledger()

    def replies(self, task: Task) -> Iterator[Reply]:
        """Do one task. The last reply is its outcome; nothing is raised for what may go wrong with one file."""
        try:
            match task:
                case ListDirectory():
                    yield self._again_if_cut(lambda: list_directory(self._source.session(), task))
                case CollectFile():
                    yield self._collect(task)
                case ReadParts():
                    yield from self._read_parts(task)
                    yield Done()
                case CheckVersion():
                    self._again_if_cut(lambda: check_path(self._source.session(), task.version))
                    yield Done()
                case MoveFile():
                    self._again_if_cut(lambda: move_to_archive(self._source.session(), task.version, task.archive))
                    yield Done()
        except EXPECTED_ERRORS as error:
            yield Failed(trouble_of(error), explain(error))
        except Exception as error:  # noqa: BLE001  # the process is the boundary; it is logged with its traceback
            # A fault of ours, or an answer that nobody thought of: it costs this task and not the worker.
            logger.exception("a task failed unexpectedly")
            self._source.disconnect()
            yield Failed(
                Trouble.PASSING, f"the collector failed on this file: {type(error).__name__}: {error}; report this"
            )

    def connect(self) -> None:
        """Connect before there is a task: it takes as long as a task is in the making. A task tells if it fails."""
        with suppress(SourceUnavailableError):
            self._source.session()

    def close(self) -> None:
        """Close the connection."""
        self._source.disconnect()

    def _collect(self, task: CollectFile) -> Landed:
        held = task.claim

        def still_ours() -> None:
            nonlocal held
            self._check_collector()
            # A client takes as long to make as a small file to collect: most claims are never renewed.
            if held.renewal_is_due(datetime.now(UTC), LEASE):
                held = self._ledger.renew(held)

        destination = Destination(self._client, self._bucket, task.claim.object_key, self._about)
        return self._again_if_cut(
            lambda: put_whole(self._source.session(), task.claim.version, destination, still_ours)
        )

    def _read_parts(self, task: ReadParts) -> Iterator[PartUploaded]:
        destination = Destination(self._client, self._bucket, task.object_key)
        first, last = task.parts.first, task.parts.last
        attempts = 0
        while first <= last:
            before = first
            try:
                parts = PartRange(first, last)
                session = self._source.session()
                for part in put_parts(session, task.version, destination, task.upload_id, task.part_bytes, parts):
                    first = part.number + 1
                    yield part
                    self._check_collector()
            except ConnectionLostError as error:
                self._cut(task.version.path, error)
                # A connection that breaks now and then goes on as long as each one brings something.
                attempts = attempts + 1 if first == before else 1
                if attempts == ATTEMPTS:
                    raise

    def _again_if_cut(self, do: Callable[[], ResultT]) -> ResultT:
        for _ in range(ATTEMPTS - 1):
            try:
                return do()
            except ConnectionLostError as error:
                self._cut("", error)
        try:
            return do()
        except ConnectionLostError:
            self._source.disconnect()
            raise

    def _cut(self, path: str, error: ConnectionLostError) -> None:
        logger.warning("connection lost", extra={"source": path, "error": str(error)})
        self._source.disconnect()

    def _check_collector(self) -> None:
        # A worker outlives a collector that is killed. It must not write once another run has taken over its claims.
        if os.getppid() != self._collector:
            raise Orphaned
