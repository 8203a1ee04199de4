"""A worker process: does one task after the other from its pipe, over a connection of its own."""

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
from functions.sftp_collector.session import ConnectionLostError, Session, SourceUnavailableError
from functions.sftp_collector.source import Source
from functions.sftp_collector.transfer import (
    Destination,
    check_path,
    put_parts,
    put_whole,
)
from lake.ledger.ledger import LEASE, Ledger
from lake.memory import keep_freed_memory

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ResultT = TypeVar("ResultT")

# A broken connection is opened again, but a file that breaks it each time must not stop the others.
ATTEMPTS: Final = 2


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """A worker's settings. The fork copies them, so they need not go through a pipe."""

    open_session: Callable[[], Session]
    open_ledger: Callable[[], Ledger]
    bucket: str
    about: Mapping[str, str]
    """Metadata of the objects that the worker lands."""


class Orphaned(BaseException):
    """The collector has ended: nobody renews this worker's claims any longer."""


def work(settings: WorkerSettings, pipe: Pipe) -> None:
    """Do tasks until the pipe is closed. This is the main function of a worker process."""
    # Ctrl-C reaches the whole process group; the collector ends its workers itself.
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
    """Return the next task. None after the collector closed the pipe."""
    try:
        return pipe.recv()
    except (EOFError, ConnectionResetError):
        return None


class Worker:
    """Does tasks with its own clients, ledger and connection: none of them may be shared across a fork."""

    def __init__(self, settings: WorkerSettings, collector: int) -> None:
        self._source = Source(settings.open_session)
        self._open_ledger = settings.open_ledger
        self._client: S3Client = boto3.client("s3")
        self._bucket = settings.bucket
        self._about = settings.about
        self._collector = collector

    @cached_property
    def _ledger(self) -> Ledger:
        """The ledger, opened for the first claim that must be renewed; nothing else needs it."""
        return self._open_ledger()

    def replies(self, task: Task) -> Iterator[Reply]:
        """Do one task. The last reply is its outcome; expected errors of one file are not raised."""
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
            # A defect or an unforeseen answer costs this task, not the worker.
            logger.exception("a task failed unexpectedly")
            self._source.disconnect()
            yield Failed(
                Trouble.PASSING, f"the collector failed on this file: {type(error).__name__}: {error}; report this"
            )

    def connect(self) -> None:
        """Connect before the first task arrives, to save time. If this fails, the task reports the error."""
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
            # Creating a client takes as long as collecting a small file, and most claims never need a renewal.
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
                # A connection may break any number of times as long as each attempt transfers something.
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
