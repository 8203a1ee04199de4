"""Starts a command-line application: signals and streams first, then the imports, then the command.

Imports take a second, so signals are handled before the application is loaded.
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
"""How long the imports of a watched command may take without a message."""
WATCHED: Final = frozenset({"up", "demo"})
"""Commands that people watch while they run."""


def run_application(load: Callable[[], "typer.Typer"], name: str, silence_seconds: float = SILENCE_SECONDS) -> None:
    """Run a command, as given by the arguments of this process.

    Args:
        load: imports the application.
        name: the command's name, such as "dataplatform".
        silence_seconds: how long the imports of a watched command may take without a message.

    Raises:
        SystemExit: always, with an ops.stack.exit_codes.ExitCode.
    """
    treat_sigterm_as_ctrl_c()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that cannot show a character shows its escape sequence.
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
    """Print that packages are being imported, if that takes long and a person watches."""
    started = time.monotonic()

    def report() -> bool:
        print(f"  loading Python's packages, {time.monotonic() - started:.0f} s", file=sys.stderr)
        return True

    with repeated(report, silence_seconds) if WATCHED & {*sys.argv[1:]} else contextlib.nullcontext():
        yield


def _flush() -> None:
    """Flush the output. If that fails, the command has already reported it, and Python would repeat it at exit."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
