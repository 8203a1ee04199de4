"""What the commands share of a person's terminal: where they print, their tables, and errors in words."""

from collections.abc import Generator
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
from ops.stack.target import Target
from processing.errors import ProcessingError


class PrintableConsole(Console):
    """A console on which no text of a file, a source or a server controls the terminal, in a line or in a table."""

    def render_str(self, text: str, **options: Any) -> Text:  # noqa: ANN401 - rich's own options
        """As rich does, with every character that does not print as its escape."""
        return super().render_str(printable_lines(text), **options)

    def status(self, status: RenderableType, **options: Any) -> Status:  # noqa: ANN401 - rich's own options
        """As rich does, with the same for the text beside the spinner, which rich renders itself."""
        return _PrintableStatus(_printable(status), console=self, **options)


class _PrintableStatus(Status):
    """A status whose text, at first and later, is one line without a control character."""

    def update(self, status: RenderableType | None = None, **options: Any) -> None:  # noqa: ANN401 - rich's own options
        super().update(status if status is None else _printable(status), **options)


console: Final = PrintableConsole()
errors: Final = PrintableConsole(stderr=True)


def escape(text: str) -> str:
    """Text of data within a line or a cell of ours: no markup, no line of its own, no control character."""
    return markup.escape(printable(text))


def fail(prefix: str, error: Exception) -> NoReturn:
    """Print an error, whose lines stay lines, and exit with 1."""
    words = markup.escape(printable_lines(str(error)))
    errors.print(f"[red]error:[/] {prefix}{words}", highlight=False, soft_wrap=True)
    raise typer.Exit(1) from error


@contextmanager
def errors_for_a_person() -> Generator[None]:
    """Print an error in one line and exit with 1."""
    try:
        yield
    except (OperatorError, ProcessingError, LakeError) as error:
        fail("", error)
    except (BotoCoreError, ClientError) as error:
        fail("AWS answered: ", error)


def new_table(target: Target, *columns: str) -> Table:
    """A table that fits a terminal of 80 columns: what is too long is folded, not cut."""
    table = Table(title=f"Stack {target.stack}", title_justify="left", box=box.SIMPLE_HEAD, padding=0)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _printable(status: RenderableType) -> RenderableType:
    return printable(status) if isinstance(status, str) else status
