"""Starts a command-line application: signals and streams first, then the imports, then the command.

Importing takes a second, so the application is loaded when signals are already handled.
"""

import contextlib
import io
import os
import sys
import time
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Final

from lake.threads import repeated
from ops.stack.exit_codes import code_of_stop, treat_sigterm_as_ctrl_c, word_for_stop

if TYPE_CHECKING:
    import typer


SILENCE_SECONDS: Final = 2.0
"""How long a command that people watch may import without a word."""
WATCHED: Final = frozenset({"up", "demo"})
"""Commands that people watch while they run."""


def run_application(load: Callable[[], "typer.Typer"], name: str, silence_seconds: float = SILENCE_SECONDS) -> None:
    """Run a command, as the arguments of this process name it.

    Args:
        load: imports the application.
        name: how a person types it, such as "dataplatform".
        silence_seconds: how long a watched command may import without a word.

    Raises:
        SystemExit: always, with one of ops.stack.exit_codes.ExitCode.
    """
    treat_sigterm_as_ctrl_c()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that does not know a character shows its escape.
            stream.reconfigure(errors="backslashreplace")
    try:
        with _reported(silence_seconds):
            application = load()
        application(prog_name=name)
    except KeyboardInterrupt:
        print(word_for_stop(), file=sys.stderr)
        sys.exit(code_of_stop())
    finally:
        _flush()


@contextlib.contextmanager
def _reported(silence_seconds: float) -> Generator[None]:
    """Say that the packages are being imported, where that takes long and a person watches."""
    started = time.monotonic()

    def report() -> bool:
        print(f"  loading Python's packages, {time.monotonic() - started:.0f} s", file=sys.stderr)
        return True

    with repeated(report, silence_seconds) if WATCHED & {*sys.argv[1:]} else contextlib.nullcontext():
        yield


def _flush() -> None:
    """Write what is left. Where that fails, the command has said so, and Python would say it again while it exits."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
