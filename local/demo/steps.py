"""Shows a command's steps as they run: what is being done now, and how long each step took."""

import threading
import time
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from typing import Final

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from ops.stack.terminal import printable

LONGEST_SILENCE: Final = 2.0
"""Seconds after which a running step shows what it does. On a terminal it always does."""
_INDENT: Final = "  "


class Steps:
    """Names each step while it runs and keeps its duration.

    Args:
        console: where it is shown. A terminal has one line that changes, anything else gets a line now and then.
        silence: seconds between two of those lines.
        clock: seconds that only grow.
    """

    def __init__(
        self, console: Console, silence: float = LONGEST_SILENCE, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._console, self._silence, self._clock = console, silence, clock
        self.seconds: dict[str, float] = {}
        """How long each step took, in their order."""

    @contextmanager
    def step(self, name: str) -> Generator["StepProgress"]:
        """Run the body as one step."""
        progress = StepProgress(name, self._clock)
        with self._show(progress):
            yield progress
        self.seconds[name] = progress.seconds
        outcome = f": {printable(progress.outcome)}" if progress.outcome else ""
        done = Text.assemble(("✓", "green"), f" {name}{outcome}").wrap(self._console, self._console.width)
        took = f"{self.seconds[name]:.1f} s"
        # A number and its unit stay on one line.
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
    """What a running step tells about itself, in one line."""

    def __init__(self, name: str, clock: Callable[[], float]) -> None:
        self._name, self._clock, self._started = name, clock, clock()
        self._detail = ""
        self.outcome = ""

    @property
    def seconds(self) -> float:
        """Since it began."""
        return self._clock() - self._started

    def tell(self, detail: str) -> None:
        """What the step is doing at this moment."""
        self._detail = detail

    def count(self, done: int, total: int, unit: str) -> None:
        """How far the step is.

        Args:
            done: how many are done.
            total: how many there are.
            unit: what they are, in the plural.
        """
        self.tell(f"{done:,} of {total:,} {unit}")

    def line(self, width: int) -> Text:
        """What it does and for how long, in at most so many columns."""
        elapsed = f" {self.seconds:.0f} s"
        line = Text(printable(f"{self._name}: {self._detail}" if self._detail else self._name), no_wrap=True)
        line.truncate(width - len(elapsed), overflow="ellipsis")
        return line.append(elapsed, "dim")

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """One line, as long as it takes now: a terminal's status is rendered many times a second."""
        yield self.line(options.max_width)
