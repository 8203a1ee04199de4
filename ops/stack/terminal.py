"""What the commands share of a person's terminal: where they print, their tables, and errors in words."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ops.dead_letters.queues import DeadLetterError
from ops.ingest.collect import CollectionRunError
from ops.ingest.servers import SourcesError
from ops.jobs.role_process import RunFailedError
from ops.jobs.workflow import WorkflowError
from ops.quarantine.rows import QuarantineError
from ops.stack.target import Target, TargetError
from ops.trace.model import TraceError

console: Final = Console()
errors: Final = Console(stderr=True)


@contextmanager
def errors_for_a_person() -> Generator[None]:
    """What goes wrong is said in a line, and the command ends with 1."""
    try:
        yield
    except (
        TargetError,
        WorkflowError,
        RunFailedError,
        CollectionRunError,
        SourcesError,
        DeadLetterError,
        QuarantineError,
        TraceError,
    ) as error:
        errors.print(f"[red]error:[/] {escape(str(error))}", highlight=False, soft_wrap=True)
        raise typer.Exit(1) from error
    except (BotoCoreError, ClientError) as error:
        errors.print(f"[red]error:[/] AWS answered: {escape(str(error))}", highlight=False, soft_wrap=True)
        raise typer.Exit(1) from error


def new_table(target: Target, *columns: str) -> Table:
    """A table that fits a terminal of 80 columns: what is too long is folded, not cut."""
    table = Table(title=f"Stack {target.stack}", title_justify="left", box=box.SIMPLE_HEAD, padding=0)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table
