"""Reports that Python's packages are being loaded, so that a slow machine is not silent for more than two seconds."""

import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import typer

_SILENCE_SECONDS: Final = 2.0
_REPORTING: Final = frozenset({"up", "demo"})
"""Commands that a person watches."""


def reported(load: Callable[[], "typer.Typer"]) -> Callable[[], "typer.Typer"]:
    """The same import, with a line on stderr every two seconds where the command is one that a person watches."""

    def load_reported() -> "typer.Typer":
        loaded = threading.Event()
        if _REPORTING & {*sys.argv[1:]}:
            threading.Thread(target=_report, args=(loaded,), daemon=True).start()
        try:
            return load()
        finally:
            loaded.set()

    return load_reported


def _report(loaded: threading.Event) -> None:
    seconds = 0.0
    while not loaded.wait(_SILENCE_SECONDS):
        seconds += _SILENCE_SECONDS
        print(f"  loading Python's packages, {seconds:.0f} s", file=sys.stderr)
