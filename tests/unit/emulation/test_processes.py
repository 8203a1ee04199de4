"""Background processes are found again, and stopped with all that they started."""

import os
import signal
import sys
from pathlib import Path

import psutil
import pytest

from emulation import processes
from emulation.processes import BackgroundProcess, ProcessError

SLEEPS = "import time; time.sleep(600)"
STARTS_ANOTHER = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', '{SLEEPS}']); {SLEEPS}"


def started(name: str, folder: Path, code: str = SLEEPS) -> BackgroundProcess:
    process = BackgroundProcess(name, folder)
    process.start([sys.executable, "-c", code], os.environ, is_ready=lambda: True, within_seconds=10)
    return process


def test_a_process_is_found_again_by_its_directory(tmp_path: Path) -> None:
    # given a process that another command started
    started("one", tmp_path)
    process = BackgroundProcess("one", tmp_path)

    # then it is seen to run, until it is stopped
    assert process.is_running()
    process.stop()
    assert not process.is_running()


def test_stopping_ends_what_the_process_started_too(tmp_path: Path) -> None:
    # given a process that started another
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    process = BackgroundProcess("parent", tmp_path)

    def has_a_child() -> bool:
        return len({child.pid for child in psutil.Process().children(recursive=True)} - before) > 1

    process.start([sys.executable, "-c", STARTS_ANOTHER], os.environ, is_ready=has_a_child, within_seconds=10)

    # when it is stopped
    process.stop()

    # then none is left
    left = [
        child
        for child in psutil.Process().children(recursive=True)
        if child.pid not in before and child.status() != psutil.STATUS_ZOMBIE
    ]
    assert left == []


def test_a_process_that_ends_at_once_is_an_error_with_its_last_lines(tmp_path: Path) -> None:
    process = BackgroundProcess("broken", tmp_path)
    with pytest.raises(ProcessError, match=r"broken exited immediately \(exit 3\)(?s:.*)no such thing"):
        process.start(
            [sys.executable, "-c", "import sys; print('no such thing'); sys.exit(3)"],
            os.environ,
            is_ready=lambda: False,
            within_seconds=10,
        )
    assert not process.is_running()


def test_a_process_that_is_never_ready_is_stopped(tmp_path: Path) -> None:
    process = BackgroundProcess("slow", tmp_path)
    with pytest.raises(ProcessError, match=r"slow was not ready, and did nothing for 0\.2 s"):
        process.start([sys.executable, "-c", SLEEPS], os.environ, is_ready=lambda: False, within_seconds=0.2)
    assert not process.is_running()


def test_a_process_that_works_is_waited_for(tmp_path: Path) -> None:
    # given a process that is busy for longer than it may be idle
    ready = tmp_path / "ready"
    works = "import sys, time\nwhile time.process_time() < 0.6: pass\nopen(sys.argv[1], 'w').close(); time.sleep(600)"
    process = BackgroundProcess("busy", tmp_path)

    # when
    command = [sys.executable, "-c", works, str(ready)]
    process.start(command, os.environ, is_ready=ready.exists, within_seconds=0.2)

    # then
    assert process.is_running()
    process.stop()


def test_a_process_that_works_for_ever_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # given
    monkeypatch.setattr(processes, "LONGEST_START_SECONDS", 0.2)
    process = BackgroundProcess("endless", tmp_path)

    # then
    with pytest.raises(ProcessError, match=r"endless was not ready after 0\.2 s of work"):
        process.start([sys.executable, "-c", "while True: pass"], os.environ, is_ready=lambda: False, within_seconds=60)
    assert not process.is_running()


def test_a_number_that_another_process_has_now_is_not_taken_for_it(tmp_path: Path) -> None:
    # given a record of a process with this one's number, but another start
    (tmp_path / "old.process.json").write_text(f'{{"pid": {os.getpid()}, "created": 1.0}}')
    process = BackgroundProcess("old", tmp_path)

    # then it does not run, and stopping it stops nothing
    assert not process.is_running()
    process.stop()


def test_stopping_what_never_ran_does_nothing(tmp_path: Path) -> None:
    BackgroundProcess("never", tmp_path).stop()


def test_an_interrupt_while_a_process_is_started_leaves_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # given ctrl-C in the moment between the start and the record of it
    begun: list[psutil.Process] = []
    look = psutil.Process

    def interrupted(pid: int) -> psutil.Process:
        monkeypatch.undo()
        begun.append(look(pid))
        signal.raise_signal(signal.SIGINT)
        return begun[0]

    monkeypatch.setattr(psutil, "Process", interrupted)

    # when
    with pytest.raises(KeyboardInterrupt):
        started("interrupted", tmp_path)

    # then
    [process] = begun
    assert not process.is_running()


def test_a_torn_record_is_of_no_process(tmp_path: Path) -> None:
    # given
    (tmp_path / "torn.process.json").write_text('{"pid": 1')
    process = BackgroundProcess("torn", tmp_path)

    # then it does not run, and stopping it clears the record away
    assert not process.is_running()
    process.stop()
    assert not list(tmp_path.glob("torn*"))
