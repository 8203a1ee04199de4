"""The background processes of a local platform: started apart, found again by a file, stopped whole."""

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
"""After so many seconds of polls, a process that works and is never ready is an error too."""
# Long enough to close what is open; nothing of what these processes hold outlives them.
STOP_SECONDS: Final = 1.0
_HELD_BACK: Final = (signal.SIGINT, signal.SIGTERM)

# The processes that this very interpreter started: their end has to be awaited, or they stay as zombies.
_children: dict[int, subprocess.Popen[bytes]] = {}


class ProcessError(EmulationError):
    """A background process did not start or ended too early."""


@dataclass(frozen=True, slots=True)
class BackgroundProcess:
    """One process with all that it starts, known by a name in a state directory."""

    name: str
    state_directory: Path

    @property
    def log_file(self) -> Path:
        """Where its output goes."""
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
        """Start it and wait until it is ready, on a slow machine for as long as it works.

        Args:
            command: the program and its arguments.
            environment: all of its environment.
            is_ready: asked again and again.
            within_seconds: how long it may use no processor time before it is ready.

        Raises:
            ProcessError: it ended, did nothing for so long, or was not ready after LONGEST_START_SECONDS of polls. It
                is stopped then.
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
        """Start it as `start` does, but let the caller say when to wait for it."""
        make_private_folder(self.log_file.parent)
        try:
            # An interrupt before the record is written would leave a process that nobody finds again.
            with _signals_held_back(), open_private(self.log_file) as log:
                started = self._launch(command, environment, log)
        except BaseException:
            self.stop()
            raise
        return StartingProcess(self, started, is_ready, within_seconds)

    def is_running(self) -> bool:
        """Whether the process that was started is still there, and not another one under its number."""
        return self._find() is not None

    def stop(self) -> None:
        """Stop it and everything that it started; nothing happens where it does not run."""
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
        # A session of its own: ctrl-C reaches only the command in the foreground, which stops this one in order.
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
            # Torn by a machine that went down: what it named went down too.
            return None
        return process if same else None

    def last_lines(self) -> str:
        """The end of its output."""
        return "\n".join(self.log_file.read_text(errors="replace").splitlines()[-15:])


@dataclass(frozen=True, slots=True)
class StartingProcess:
    """A background process that was started and may not be ready."""

    process: BackgroundProcess
    started: subprocess.Popen[bytes]
    is_ready: Callable[[], bool]
    within_seconds: float

    def wait(self) -> None:
        """Wait until it is ready.

        Raises:
            ProcessError: as `BackgroundProcess.start` says.
        """
        try:
            self._wait()
        except BaseException:
            self.process.stop()
            raise

    def _wait(self) -> None:
        # Polls are counted, not seconds: a machine that slept, or has little time for this, is not a failure.
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
            time.sleep(POLL_SECONDS)  # between two polls

    def _error(self, problem: str) -> ProcessError:
        return ProcessError(f"{self.process.name} {problem}:\n{self.process.last_lines()}")


def _processor_seconds(pid: int) -> float:
    """Processor time that a process has used; 0 of one that has just ended."""
    try:
        used = psutil.Process(pid).cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return used.user + used.system


def _signal_group(group: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, number)


def write_whole(file: Path, text: str) -> None:
    """Write a file so that no other process ever sees a part of it, and no other user any of it."""
    draft = file.with_name(f".{file.name}.part")
    write_private(draft, text)
    draft.replace(file)


@contextlib.contextmanager
def _signals_held_back() -> Generator[None]:
    """Let ctrl-C and termination wait until the body is done; then they do what they do.

    Handlers, not a blocked mask: a child would inherit the mask and could not be stopped.
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
