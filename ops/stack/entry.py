"""Starts a command-line application: signals and streams first, then the imports, then the command.

Importing takes a second, so the application is loaded when signals are already handled.
"""

import io
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from ops.stack.exit_codes import code_of_stop, treat_sigterm_as_ctrl_c, word_for_stop

if TYPE_CHECKING:
    import typer


def run_application(load: Callable[[], "typer.Typer"], name: str) -> None:
    """Run a command, as the arguments of this process name it.

    Args:
        load: imports the application.
        name: how a person types it, such as "dataplatform".

    Raises:
        SystemExit: always, with one of ops.stack.exit_codes.ExitCode.
    """
    treat_sigterm_as_ctrl_c()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that does not know a character shows its escape.
            stream.reconfigure(errors="backslashreplace")
    try:
        load()(prog_name=name)
    except KeyboardInterrupt:
        print(word_for_stop(), file=sys.stderr)
        sys.exit(code_of_stop())
    finally:
        _flush()


def _flush() -> None:
    """Write what is left. Where that fails, the command has said so, and Python would say it again while it exits."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
