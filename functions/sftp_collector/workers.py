"""The worker processes of a run. Uses only Process and Pipe: Lambda has no /dev/shm for locks, queues and pools."""

import multiprocessing
from collections.abc import Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkProcess
from typing import Final, Self, cast

from functions.observability import logger
from functions.sftp_collector.messages import Failed, PartUploaded, Reply, Task, Trouble
from functions.sftp_collector.worker import WorkerSettings, work

# Forking starts a child at once and shares the parent's modules. It is safe because the collector's process has no
# threads: it opens no SFTP connection, and the children create their own clients.
_CONTEXT: Final = multiprocessing.get_context("fork")
_END_SECONDS: Final = 5.0


@dataclass(eq=False)
class WorkerProcess:
    """One worker from the collector's side."""

    process: ForkProcess
    pipe: Connection
    task: Task | None = None
    usable: bool = True
    """False after the worker could not reach the server."""


@dataclass
class Workers:
    """The workers of a run. A context manager that starts them and ends those that are left.

    Args:
        settings: the settings of each worker.
        count: number of workers.
    """

    settings: WorkerSettings
    count: int
    unavailable: str = field(default="", init=False)
    """Why the last worker that failed to reach the server failed."""
    _workers: list[WorkerProcess] = field(default_factory=list[WorkerProcess], init=False)

    def __enter__(self) -> Self:
        # Fork all workers before any of them connects.
        for _ in range(self.count):
            self._workers.append(self._fork())
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def idle(self) -> list[WorkerProcess]:
        """Return the workers that can be given a task."""
        return [worker for worker in self._workers if worker.task is None and worker.usable]

    def busy(self) -> list[WorkerProcess]:
        """Return the workers with a task."""
        return [worker for worker in self._workers if worker.task is not None]

    def any_usable(self) -> bool:
        """Return True if a worker may still reach the server."""
        return any(worker.usable for worker in self._workers)

    def give_up(self, worker: WorkerProcess, reason: str) -> None:
        """Record that a worker cannot reach the server."""
        worker.usable = False
        self.unavailable = reason
        logger.warning("a worker cannot connect to the server", extra={"error": reason})

    def give(self, worker: WorkerProcess, task: Task) -> None:
        """Give a task to an idle worker."""
        worker.task = task
        try:
            worker.pipe.send(task)
        except OSError:
            # The worker has ended; the next read from its pipe shows that.
            return

    def replies(self, seconds: float) -> Iterator[tuple[WorkerProcess, Task, Reply]]:
        """Yield the workers' replies. Waits at most the given number of seconds for the first one.

        After its last reply a worker is idle again. A worker whose process ended is replaced, and its task has failed.
        """
        by_pipe = {worker.pipe: worker for worker in self.busy()}
        for pipe in wait(list(by_pipe), seconds):
            worker = by_pipe[pipe]  # pyright: ignore[reportArgumentType]  # wait returns those that it was given
            task = worker.task
            if task is None:
                continue
            try:
                reply: Reply = worker.pipe.recv()
            except (EOFError, OSError):
                exit_code = self._replace(worker)
                reply = Failed(
                    Trouble.PASSING,
                    f"the worker of this file ended with exit code {exit_code}; the next run resumes the file",
                )
            if not isinstance(reply, PartUploaded):
                worker.task = None
            yield worker, task, reply

    def end(self) -> None:
        """End all workers: close the pipes of idle ones, and kill the others. Does nothing the second time."""
        for worker in self._workers:
            worker.pipe.close()
            if worker.task is not None:
                worker.process.kill()
        for worker in self._workers:
            worker.process.join(_END_SECONDS)
            if worker.process.exitcode is None:
                worker.process.kill()
                worker.process.join()
            worker.process.close()
        self._workers = []

    def _fork(self) -> WorkerProcess:
        ours, theirs = cast("tuple[Connection, Connection]", _CONTEXT.Pipe())
        collectors = [ours, *(worker.pipe for worker in self._workers if not worker.pipe.closed)]
        process = _CONTEXT.Process(target=_main, args=(self.settings, theirs, collectors))
        process.start()
        theirs.close()
        return WorkerProcess(process, ours)

    def _replace(self, worker: WorkerProcess) -> int | None:
        worker.pipe.close()
        worker.process.join(_END_SECONDS)
        exit_code = worker.process.exitcode
        if exit_code is None:
            worker.process.kill()
            worker.process.join()
        worker.process.close()
        fresh = self._fork()
        worker.process, worker.pipe = fresh.process, fresh.pipe
        return exit_code


def _main(settings: WorkerSettings, pipe: Connection, collectors: list[Connection]) -> None:
    # The fork inherited the collector's ends of all pipes. A worker whose pipe is open here would not notice that it
    # was closed.
    for end in collectors:
        end.close()
    work(settings, pipe)
