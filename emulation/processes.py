"""The background processes of a local platform: each is recorded in a file, and stopped with all its children."""

import contextlib
import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

import psutil

from emulation.errors import EmulationError
from ops.stack.private_files import PRIVATE_UMASK, make_private_folder, open_private, write_private

POLL_SECONDS: Final = 0.05
LONGEST_START_SECONDS: Final = 600.0
"""Seconds of polls after which a process that is working but not ready is an error."""
# Long enough to close open files; nothing that these processes hold must survive them.
STOP_SECONDS: Final = 1.0
_HELD_BACK: Final = (signal.SIGINT, signal.SIGTERM)

# Processes that this interpreter started: it must wait for their end, or they stay as zombies.
_children: dict[int, subprocess.Popen[bytes]] = {}


class ProcessError(EmulationError):
    """A background process did not start or ended too early."""


@dataclass(frozen=True, slots=True)
class BackgroundProcess:
    """One process with its children, identified by a name in a state directory."""

    name: str
    state_directory: Path

    @property
    def log_file(self) -> Path:
        """File for the process's output."""
        return self.state_directory / "logs" / f"{self.name}.log"

    @property
    def _record(self) -> Path:
        return self.state_directory / f"{self.name}.process.json"

    def start(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        *,
        is_ready: Callable[[], bool],
        within_seconds: float,
    ) -> None:
        """Start the process and wait until it is ready; on a slow machine, as long as it is working.

        Args:
            command: the program and its arguments.
            environment: the complete environment of the process.
            is_ready: returns True when the process is ready; called repeatedly.
            within_seconds: how long the process may use no processor time before it is ready.

        Raises:
            ProcessError: The process ended, was idle for too long, or was not ready after LONGEST_START_SECONDS of
                polls. It is then stopped.
        """
        self.launch(command, environment, is_ready=is_ready, within_seconds=within_seconds).wait()

    def launch(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        *,
        is_ready: Callable[[], bool],
        within_seconds: float,
    ) -> "StartingProcess":
        """Start the process as `start` does, but let the caller wait for it."""
        make_private_folder(self.log_file.parent)
        try:
            # An interrupt before the record is written would leave a process that nobody can find.
            with _signals_held_back(), open_private(self.log_file) as log:
                started = self._launch(command, environment, log)
        except BaseException:
            self.stop()
            raise
        return StartingProcess(self, started, is_ready, within_seconds)

    def is_running(self) -> bool:
        """Return True if the started process still exists, and its id was not reused."""
        return self._find() is not None

    def stop(self) -> None:
        """Stop the process and its children. Does nothing if it is not running."""
        process = self._find()
        if process is not None:
            family = [process, *process.children(recursive=True)]
            _signal_group(process.pid, signal.SIGTERM)
            _, remaining = psutil.wait_procs(family, timeout=STOP_SECONDS)
            for survivor in remaining:
                with contextlib.suppress(psutil.NoSuchProcess):
                    survivor.kill()
            _signal_group(process.pid, signal.SIGKILL)
            psutil.wait_procs(family, timeout=STOP_SECONDS)
            if process.pid in _children:
                _children.pop(process.pid).wait()
        self._record.unlink(missing_ok=True)

    def _launch(self, command: Sequence[str], environment: Mapping[str, str], log: BinaryIO) -> subprocess.Popen[bytes]:
        # A separate session: Ctrl-C reaches only the command in the foreground, which stops this process in order.
        process = subprocess.Popen(  # noqa: S603 - the callers' own commands
            command,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            umask=PRIVATE_UMASK,
        )
        _children[process.pid] = process
        record = {"pid": process.pid, "created": psutil.Process(process.pid).create_time()}
        write_whole(self._record, json.dumps(record))
        return process

    def _find(self) -> psutil.Process | None:
        try:
            record = json.loads(self._record.read_text())
            process = psutil.Process(record["pid"])
            same = process.create_time() == record["created"] and process.status() != psutil.STATUS_ZOMBIE
        except (FileNotFoundError, psutil.NoSuchProcess):
            return None
        except (ValueError, KeyError, TypeError):
            # Incomplete because the machine crashed, which also ended the process.
            return None
        return process if same else None

    def last_lines(self) -> str:
        """Return the end of the process's output."""
        return "\n".join(self.log_file.read_text(errors="replace").splitlines()[-15:])


@dataclass(frozen=True, slots=True)
class StartingProcess:
    """A background process that was started and may not be ready yet."""

    process: BackgroundProcess
    started: subprocess.Popen[bytes]
    is_ready: Callable[[], bool]
    within_seconds: float

    def wait(self) -> None:
        """Wait until the process is ready.

        Raises:
            ProcessError: See `BackgroundProcess.start`.
        """
        try:
            self._wait()
        except BaseException:
            self.process.stop()
            raise

    def _wait(self) -> None:
        # Count polls, not seconds: a machine that slept or is busy is not a failure.
        polls, idle, worked = 0, 0, 0.0
        while not self.is_ready():
            if self.started.poll() is not None:
                raise self._error(f"exited immediately (exit {self.started.returncode})")
            before, worked = worked, _processor_seconds(self.started.pid)
            polls, idle = polls + 1, 0 if worked > before else idle + 1
            if idle * POLL_SECONDS > self.within_seconds:
                raise self._error(f"was not ready, and did nothing for {self.within_seconds:g} s")
            if polls * POLL_SECONDS > LONGEST_START_SECONDS:
                raise self._error(f"was not ready after {LONGEST_START_SECONDS:g} s of work")
            time.sleep(POLL_SECONDS)  # between two polls: the process does not announce that it is ready

    def _error(self, problem: str) -> ProcessError:
        return ProcessError(f"{self.process.name} {problem}:\n{self.process.last_lines()}")


def _processor_seconds(pid: int) -> float:
    """Return the processor time that a process has used; 0 for one that has ended."""
    try:
        used = psutil.Process(pid).cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return used.user + used.system


def _signal_group(group: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, number)


def write_whole(file: Path, text: str) -> None:
    """Write a file so that no other process sees a part of it, and no other user can read it."""
    draft = file.with_name(f".{file.name}.part")
    write_private(draft, text)
    draft.replace(file)


@contextlib.contextmanager
def _signals_held_back() -> Generator[None]:
    """Delay Ctrl-C and termination until the block is done.

    Uses handlers instead of a signal mask: a child would inherit the mask and could not be stopped.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    before = {number: signal.getsignal(number) for number in _HELD_BACK}
    for number in _HELD_BACK:
        signal.signal(number, lambda number, _: came.append(number))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for number in came:
            signal.raise_signal(number)
