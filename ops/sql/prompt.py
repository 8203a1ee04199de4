"""A prompt for SQL: statements that end with a semicolon, a history, and commands that begin with a dot."""

import contextlib
import os
import sys
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Final

import typer

from ops.sql.statements import take_statement
from ops.stack.exit_codes import ExitCode, code_of_stop
from ops.stack.platforms import CLONE
from ops.stack.private_files import make_private_folder, open_private
from ops.stack.terminal import console, errors, errors_for_a_person, escape

FIRST: Final = "sql> "
NEXT: Final = "...> "
HISTORY: Final = CLONE / ".build" / "sql-history"
"""The typed lines, for later prompts on this machine. They may contain values of rows, so only the owner may read the
file."""
_KEPT: Final = 1_000
"""Lines in the history."""
_HELP: Final = """A statement ends with ; and may have several lines.
.tables   the tables that you may see
.help     this
.quit     leave, as ctrl-D does
ctrl-C    forget the statement that you type, or stop the one that runs"""


def read_statements(
    dialect: str,
    tables: Callable[[], list[str]],
    run: Callable[[str], None],
    read_line: Callable[[str], str] = input,
    history: Path = HISTORY,
) -> None:
    """Run the statements that a person types until they leave. A failing statement does not end the prompt.

    Args:
        dialect: dialect of the statements.
        tables: returns the names of the tables that the person may see.
        run: runs a statement and prints its result.
        read_line: shows a prompt and returns a line; EOFError ends the prompt.
        history: file with the lines of earlier prompts.
    """
    console.print("; ends a statement, .help lists the other words", highlight=False)
    with _remembered(history):
        typed = ""
        while True:
            try:
                line = read_line(NEXT if typed.strip() else FIRST)
                if not typed.strip() and (word := _word(line)):
                    if word == "quit":
                        return
                    _do(lambda word=word: _answer(word, tables))
                    continue
                typed = _run_whole(f"{typed}\n{line}" if typed else line, dialect, run)
            except EOFError:
                console.print()
                return
            except KeyboardInterrupt:
                if code_of_stop() == ExitCode.TERMINATED:
                    raise
                typed = ""
                errors.print()


def _run_whole(typed: str, dialect: str, run: Callable[[str], None]) -> str:
    """Run the complete statements, and return the incomplete rest."""
    while True:
        statement, rest = take_statement(typed, dialect)
        if statement is None:
            return rest if rest.strip() else ""
        typed = rest
        if statement:
            _do(lambda statement=statement: run(statement))


def _do(work: Callable[[], None]) -> None:
    """Do one thing, and print the reason if it fails."""
    try:
        with errors_for_a_person():
            work()
    except typer.Exit:
        pass
    except KeyboardInterrupt:
        if code_of_stop() == ExitCode.TERMINATED:
            raise
        errors.print("stopped")


def _word(line: str) -> str:
    """Return the command of a line that is not SQL; empty if it is SQL."""
    word = line.strip().rstrip(";").lower()
    if word in {".quit", ".exit", ".q", "quit", "exit", "\\q"}:
        return "quit"
    if word in {".help", "help", "\\h", "?"}:
        return "help"
    return word if word.startswith(".") else ""


def _answer(word: str, tables: Callable[[], list[str]]) -> None:
    if word == ".tables":
        console.print(*map(escape, tables()), sep="\n", highlight=False, soft_wrap=True)
    elif word == "help":
        console.print(_HELP, highlight=False, markup=False)
    else:
        errors.print(f"unknown word {escape(word)}: .help lists the words", highlight=False)


@contextlib.contextmanager
def _remembered(file: Path) -> Generator[None]:
    """Keep the typed lines, if Python has readline and stdin is a terminal."""
    try:
        import readline  # noqa: PLC0415 - not every Python has it
    except ImportError:
        yield
        return
    if not sys.stdin.isatty():
        yield
        return
    with contextlib.suppress(OSError):
        readline.read_history_file(file)
    readline.set_history_length(_KEPT)
    try:
        yield
    finally:
        make_private_folder(file.parent)
        if not file.exists():
            open_private(file).close()
        with contextlib.suppress(OSError):
            readline.write_history_file(file)
            os.chmod(file, 0o600)  # noqa: PTH101
