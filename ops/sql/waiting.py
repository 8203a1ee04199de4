"""Shows the progress of a long statement."""

import time
from collections.abc import Generator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Final, TypeVar

from rich.status import Status

from ops.stack.terminal import errors

SILENCE_SECONDS: Final = 2.0
"""Seconds that a statement may take without a message."""
_POLL_SECONDS: Final = 0.2
_T = TypeVar("_T")


class Progress:
    """A line on stderr, if that is a terminal, while a statement takes longer than SILENCE_SECONDS."""

    def __init__(self) -> None:
        """Start the clock."""
        self._started = time.monotonic()
        self._status: Status | None = None

    def show(self, cost: str = "") -> None:
        """Show how long the statement has taken, and its cost so far."""
        seconds = time.monotonic() - self._started
        if seconds < SILENCE_SECONDS:
            return
        words = f"running, {seconds:.0f} s" + (f", {cost}" if cost else "")
        if self._status is None:
            self._status = errors.status(words)
            self._status.start()
        self._status.update(words)

    def end(self) -> None:
        """Clear the line."""
        if self._status is not None:
            self._status.stop()


@contextmanager
def progress() -> Generator[Progress]:
    """Show progress during the block; the line is cleared afterwards."""
    shown = Progress()
    try:
        yield shown
    finally:
        shown.end()


def wait_for(running: Future[_T]) -> _T:
    """Return the result of a thread's work. It waits in this thread, where ctrl-C arrives."""
    with progress() as shown:
        while True:
            try:
                return running.result(timeout=_POLL_SECONDS)
            except TimeoutError:
                if running.done():
                    raise
                shown.show()
