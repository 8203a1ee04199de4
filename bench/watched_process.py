"""Run a process, watch the memory of the process and its children, and stop them if they use too much."""

import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from bench.process_memory import PeakMemory

LOOK_EVERY_SECONDS: Final = 0.1
KILLED_SECONDS: Final = 30.0
"""Time within which a killed process must end."""


@dataclass(frozen=True, slots=True)
class Ended:
    """Result of a watched process."""

    code: int | None
    """Exit status; None if the process was stopped because of its memory."""
    lines: Sequence[str]
    """Standard output and standard error together."""
    megabytes: float
    """Peak memory of the process and its children together (RSS)."""


def run_watched(
    command: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    most_megabytes: float,
    looked: Callable[[], None] = lambda: None,
) -> Ended:
    """Run a command until it ends, or until its processes use too much memory.

    Args:
        command: command with its arguments.
        folder: working directory.
        environment: environment variables.
        most_megabytes: memory above which the process and its children are killed.
        looked: function called after each sample, to display progress.
    """
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=output, stderr=output)
        memory = PeakMemory(process.pid)
        while memory.resident <= most_megabytes:
            try:
                process.wait(LOOK_EVERY_SECONDS)
                break
            except subprocess.TimeoutExpired:
                memory.look()
                looked()
        else:
            _kill(process)
        output.seek(0)
        lines = output.read().splitlines()
    code = process.returncode if memory.resident <= most_megabytes else None
    return Ended(code, lines, memory.resident)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a process and its children. A JVM would outlive the Python process that started it."""
    children = psutil.Process(process.pid).children(recursive=True)
    for each in children:
        each.kill()
    process.kill()
    process.wait()
    psutil.wait_procs(children, KILLED_SECONDS)
