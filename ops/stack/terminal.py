"""What the commands share of a person's terminal: where they print, their tables, and errors in words."""

import errno
import os
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any, Final, NoReturn

import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich import box, markup
from rich.console import Console, RenderableType
from rich.status import Status
from rich.table import Table
from rich.text import Text

from lake.errors import LakeError
from lake.printable import printable, printable_lines
from ops.stack.errors import OperatorError
from ops.stack.exit_codes import ExitCode
from ops.stack.target import Target
from processing.errors import ProcessingError

STDOUT: Final = 1
FOLDED_WIDTH: Final = 12
"""Columns that a folded cell has at least, if it needs them."""


class PrintableConsole(Console):
    """A console on which no text of a file, a source or a server controls the terminal, in a line or in a table."""

    def render_str(self, text: str, **options: Any) -> Text:  # noqa: ANN401 - rich's own options
        """As rich does, with every character that does not print as its escape."""
        return super().render_str(printable_lines(text), **options)

    def status(self, status: RenderableType, **options: Any) -> Status:  # noqa: ANN401 - rich's own options
        """As rich does, with the same for the text beside the spinner, which rich renders itself."""
        return _PrintableStatus(_printable(status), console=self, **options)

    def on_broken_pipe(self) -> None:
        """Exit in silence, as programs do whose reader has seen enough."""
        end_at_broken_pipe()


class _PrintableStatus(Status):
    """A status whose text, at first and later, is one line without a control character."""

    def update(self, status: RenderableType | None = None, **options: Any) -> None:  # noqa: ANN401 - rich's own options
        super().update(status if status is None else _printable(status), **options)


console: Final = PrintableConsole()
errors: Final = PrintableConsole(stderr=True)


def escape(text: str) -> str:
    """Text of data within a line or a cell of ours: no markup, no line of its own, no control character."""
    return markup.escape(printable(text))


def fail(prefix: str, error: Exception, code: ExitCode = ExitCode.FAILED) -> NoReturn:
    """Print an error, whose lines stay lines, and exit."""
    words = markup.escape(printable_lines(in_words(error)))
    errors.print(f"[red]error:[/] {prefix}{words}", highlight=False, soft_wrap=True)
    raise typer.Exit(code) from error


@contextmanager
def errors_for_a_person() -> Generator[None]:
    """Print an error in one line and exit with its code."""
    try:
        yield
    except OperatorError as error:
        fail("", error, error.exit_code)
    except BrokenPipeError:
        end_at_broken_pipe()
    except (ProcessingError, LakeError, OSError) as error:
        fail("", error)
    except (BotoCoreError, ClientError) as error:
        fail("AWS request failed: ", error)


def end_at_broken_pipe() -> NoReturn:
    """Exit, and drop the output that is not written yet: nobody reads it.

    Raises:
        SystemExit: always.
    """
    os.dup2(os.open(os.devnull, os.O_WRONLY), STDOUT)
    raise SystemExit(ExitCode.BROKEN_PIPE)


def words_to(*, as_json: bool) -> PrintableConsole:
    """Where a command's words go: to stdout, unless that is for the JSON document alone."""
    return errors if as_json else console


def new_table(target: Target, *columns: str) -> Table:
    """A table that fits a terminal of 80 columns: what is too long is folded, not cut."""
    table = Table(title=f"Stack {target.stack}", title_justify="left", box=box.SIMPLE_HEAD, padding=0)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def print_table(table: Table, whole: Sequence[str] = ()) -> None:
    """Print a table. Ids and keys are never folded, so that a person can copy them.

    Args:
        table: the table.
        whole: headers of the columns whose cells stay on one line. A narrow terminal wraps these lines itself.
    """
    widths = [max(console.measure(cell).maximum for cell in (column.header, *column.cells)) for column in table.columns]
    needed = 1
    for column, width in zip(table.columns, widths, strict=True):
        stays = column.header in whole
        if stays:
            column.no_wrap, column.min_width = True, width
        needed += 1 + (width if stays else min(width, FOLDED_WIDTH))
    if needed > console.width:
        table.width = needed
    console.print(table, crop=False)


def in_words(error: Exception) -> str:
    """An error's message. The operating system's has the file first, and no number."""
    if isinstance(error, OSError) and error.strerror:
        full = "; free some space, or choose another directory" if error.errno == errno.ENOSPC else ""
        place = f"{error.filename}: " if error.filename is not None else ""
        return f"{place}{error.strerror}{full}"
    return str(error)


def _printable(status: RenderableType) -> RenderableType:
    return printable(status) if isinstance(status, str) else status
