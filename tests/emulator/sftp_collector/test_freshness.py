"""Files rewritten in place within a second, with the same size, are neither torn nor left behind."""

import threading
import time

import pytest

from functions.sftp_collector import selection as selecting
from lake.parameters import FRESH
from tests.support.collector import run

pytestmark = [pytest.mark.emulator, pytest.mark.long]

BURSTS = 4
WAIT_SECONDS = 60


def generation(number):
    """Return content of a fixed size that shows everywhere to which generation it belongs."""
    return b"%08d" % number * 40_000


class Rewriter(threading.Thread):
    """Rewrites a file many times within some seconds, with pauses of two or three seconds."""

    def __init__(self, file):
        super().__init__(daemon=True)
        self._file = file
        self.number = 0
        self._write()

    def run(self):
        for _ in range(BURSTS):
            second = int(time.time()) + 1
            time.sleep(second - time.time())  # the writer's pace: a burst within one second
            while time.time() < second + 0.8:
                self._write()
                time.sleep(0.05)  # the writer's pace
            time.sleep(FRESH.total_seconds() + 0.5)  # the writer's pace: long enough for the file to be collected

    def _write(self):
        self.number += 1
        with self._file.open("r+b" if self._file.exists() else "wb") as file:
            content = generation(self.number)
            for half in (content[: len(content) // 2], content[len(content) // 2 :]):
                file.write(half)
                file.flush()


def test_a_file_rewritten_within_its_second_is_never_torn(stack, serve, inbox, monkeypatch):
    # given
    monkeypatch.setattr(selecting, "FRESH", FRESH)
    serve()
    writer = Rewriter(inbox / "state.csv")
    writer.start()
    deadline = time.monotonic() + WAIT_SECONDS

    # when
    while writer.is_alive() or generation(writer.number) not in stack.objects().values():
        assert time.monotonic() < deadline, "the last state did not land"
        run()

    # then
    torn = [key for key, body in stack.objects().items() if body != generation(int(body[:8]))]
    assert torn == []
