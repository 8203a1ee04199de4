"""Shows a command's steps as they run: what is being done now, and how long each step took."""

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape


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

    def __init__(self, name: str, show: Callable[[str], None]) -> None:
        self._name, self._show = name, show
        self.outcome = ""

    def tell(self, detail: str) -> None:
        """What the step is doing at this moment."""
        self._show(escape(f"{self._name}: {detail}"))
