"""Shows a command's steps as they run: what is being done now, and how long each step took."""

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Final

from rich.console import Console, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table

from ops.stack.terminal import escape

BAR_WIDTH: Final = 30


class Steps:
    """Names each step while it runs and keeps its duration."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self.seconds: dict[str, float] = {}

    @contextmanager
    def step(self, name: str) -> Generator["StepProgress"]:
        """Run the body as one step."""
        started = time.monotonic()
        with self._console.status(name) as status:
            progress = StepProgress(name, status.update)
            yield progress
        self.seconds[name] = time.monotonic() - started
        outcome = f": {escape(progress.outcome)}" if progress.outcome else ""
        self._console.print(f"[green]✓[/] {name}{outcome} [dim]{self.seconds[name]:.1f} s[/]", highlight=False)


class StepProgress:
    """What a running step tells about itself."""

    def __init__(self, name: str, show: Callable[[RenderableType], object]) -> None:
        self._name, self._show = name, show
        self.outcome = ""

    def tell(self, detail: str) -> None:
        """What the step is doing at this moment."""
        self._show(escape(f"{self._name}: {detail}"))

    def count(self, done: int, total: int, unit: str) -> None:
        """How far the step is, as a bar.

        Args:
            done: how many are done.
            total: how many there are.
            unit: what they are, in the plural.
        """
        bar = Table.grid(padding=(0, 1))
        bar.add_row(self._name, ProgressBar(total, done, width=BAR_WIDTH), f"{done:,} of {total:,} {unit}")
        self._show(bar)
