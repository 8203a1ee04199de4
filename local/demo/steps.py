"""Shows a command's steps while they run: the current activity, and the duration of each step."""

import threading
import time
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from typing import Final

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from ops.stack.terminal import printable

LONGEST_SILENCE: Final = 2.0
"""Seconds between two lines of a running step. A terminal always shows the current activity."""
_INDENT: Final = "  "


class Steps:
    """Shows each step while it runs and records its duration.

    Args:
        console: where to print. A terminal shows one changing line; other output gets a line at intervals.
        silence: seconds between two of those lines.
        clock: returns seconds that never decrease.
    """

    def __init__(
        self, console: Console, silence: float = LONGEST_SILENCE, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._console, self._silence, self._clock = console, silence, clock
        self.seconds: dict[str, float] = {}
        """Duration of each step, in their order."""

    @contextmanager
    def step(self, name: str) -> Generator["StepProgress"]:
        """Run the block as one step."""
        progress = StepProgress(name, self._clock)
        with self._show(progress):
            yield progress
        self.seconds[name] = progress.seconds
        outcome = f": {printable(progress.outcome)}" if progress.outcome else ""
        done = Text.assemble(("✓", "green"), f" {name}{outcome}").wrap(self._console, self._console.width)
        took = f"{self.seconds[name]:.1f} s"
        # Keep a number and its unit on one line.
        fits = done[-1].cell_len + 1 + len(took) <= self._console.width
        self._console.print(Text("\n").join(done), Text(took, "dim"), sep=" " if fits else "\n", highlight=False)

    def _show(self, progress: "StepProgress") -> AbstractContextManager[object]:
        return self._console.status(progress) if self._console.is_terminal else self._lines(progress)

    @contextmanager
    def _lines(self, progress: "StepProgress") -> Generator[None]:
        """Print a line whenever nothing was printed for some time."""
        ended = threading.Event()

        def print_lines() -> None:
            while not ended.wait(self._silence):
                line = progress.line(self._console.width - len(_INDENT))
                self._console.print(Text(_INDENT).append_text(line), soft_wrap=True)

        printer = threading.Thread(target=print_lines, daemon=True)
        printer.start()
        try:
            yield
        finally:
            ended.set()
            printer.join()


class StepProgress:
    """The activity of a running step, in one line."""

    def __init__(self, name: str, clock: Callable[[], float]) -> None:
        self._name, self._clock, self._started = name, clock, clock()
        self._detail = ""
        self.outcome = ""

    @property
    def seconds(self) -> float:
        """Seconds since the step began."""
        return self._clock() - self._started

    def tell(self, detail: str) -> None:
        """Set the step's current activity."""
        self._detail = detail

    def count(self, done: int, total: int, unit: str) -> None:
        """Set the step's progress.

        Args:
            done: number of finished units.
            total: number of all units.
            unit: name of the unit, in the plural.
        """
        self.tell(f"{done:,} of {total:,} {unit}")

    def line(self, width: int) -> Text:
        """Return activity and duration, in at most the given number of columns."""
        elapsed = f" {self.seconds:.0f} s"
        line = Text(printable(f"{self._name}: {self._detail}" if self._detail else self._name), no_wrap=True)
        line.truncate(width - len(elapsed), overflow="ellipsis")
        return line.append(elapsed, "dim")

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield one line with the current duration: a terminal renders the status many times a second."""
        yield self.line(options.max_width)
