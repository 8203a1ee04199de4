"""What the commands share of a person's terminal: where they print, their tables, and errors in words."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, Final

import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from lake.errors import LakeError
from lake.printable import printable_lines
from ops.stack.errors import OperatorError
from ops.stack.target import Target
from processing.errors import ProcessingError


class PrintableConsole(Console):
    """A console on which no text of a file, a source or a server controls the terminal, in a line or in a table."""

    def render_str(self, text: str, **options: Any) -> Text:  # noqa: ANN401 - rich's own options
        """As rich does, with every character that does not print as its escape."""
        return super().render_str(printable_lines(text), **options)


console: Final = PrintableConsole()
errors: Final = PrintableConsole(stderr=True)


@contextmanager
def errors_for_a_person() -> Generator[None]:
    """Print an error in one line and exit with 1."""
    try:
        yield
    except (OperatorError, ProcessingError, LakeError) as error:
        errors.print(f"[red]error:[/] {escape(printable_lines(str(error)))}", highlight=False, soft_wrap=True)
        raise typer.Exit(1) from error
    except (BotoCoreError, ClientError) as error:
        errors.print(
            f"[red]error:[/] AWS answered: {escape(printable_lines(str(error)))}", highlight=False, soft_wrap=True
        )
        raise typer.Exit(1) from error


def new_table(target: Target, *columns: str) -> Table:
    """A table that fits a terminal of 80 columns: what is too long is folded, not cut."""
    table = Table(title=f"Stack {target.stack}", title_justify="left", box=box.SIMPLE_HEAD, padding=0)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table
