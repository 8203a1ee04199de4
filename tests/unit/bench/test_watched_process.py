"""A process whose memory a bench looks at."""

import sys
from pathlib import Path

from bench.watched_process import run_watched

HOLDS_MUCH = "import time; held = bytearray(200_000_000); time.sleep(60)"


def watched(program: str, folder: Path, most_megabytes: float = 1_000):
    return run_watched([sys.executable, "-c", program], folder, {}, most_megabytes)


def test_process_that_holds_too_much_is_stopped(tmp_path):
    ended = watched(HOLDS_MUCH, tmp_path, most_megabytes=100)

    assert ended.code is None
    assert ended.megabytes > 100


def test_children_of_a_process_that_is_stopped_end_with_it(tmp_path):
    # given a child that holds too much
    child = tmp_path / "child"
    program = f"""
import subprocess, sys
started = subprocess.Popen([sys.executable, "-c", "{HOLDS_MUCH}"])
open({str(child)!r}, "w").write(str(started.pid))
started.wait()
"""
    # when
    watched(program, tmp_path, most_megabytes=150)

    # then
    state = Path(f"/proc/{child.read_text()}/stat")
    assert not state.exists() or state.read_text().rsplit(")", 1)[1].split()[0] == "Z"


def test_failed_process_leaves_its_last_words(tmp_path):
    ended = watched("raise ValueError('too many rows')", tmp_path)

    assert ended.code == 1
    assert ended.lines[-1] == "ValueError: too many rows"
