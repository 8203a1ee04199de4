"""The command `redrive`: a look at the dead-letter queues, and the way back of their messages."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from rich.markup import escape

from ops.dead_letters import QUEUES, DeadLetter, count, look, move_back
from ops.target import Target
from ops.terminal import console, errors, errors_for_a_person, new_table

_HOUR = timedelta(hours=1)


def redrive(
    context: typer.Context,
    queue: Annotated[str, typer.Argument(help="events, collector or undelivered; all are counted without.")] = "",
    show: Annotated[int, typer.Option(min=0, max=1_000, help="How many messages to look at.")] = 10,
    yes: Annotated[bool, typer.Option("--yes", help="Move them back.")] = False,  # noqa: FBT002 - a flag
) -> None:
    """Look at a dead-letter queue; with --yes give its messages back to where they came from.

    A message is deleted from the dead-letter queue only once its source took it. What fails there again comes back
    here, and stays.
    """
    target: Target = context.obj
    if queue and queue not in QUEUES:
        raise typer.BadParameter(f"there is no queue {queue!r}; there are {', '.join(QUEUES)}")
    if yes and not queue:
        raise typer.BadParameter("name the queue whose messages are to be moved")
    with errors_for_a_person():
        if not queue:
            _count_all(target)
        elif yes:
            _move(target, queue)
        else:
            _show(target, queue, show)


def _count_all(target: Target) -> None:
    table = new_table(target, "queue", "messages", "holds")
    for name, queue in QUEUES.items():
        table.add_row(name, f"{count(target, queue):,}", queue.holds)
    console.print(table)
    console.print("`redrive QUEUE` looks at one; nothing was changed", highlight=False)


def _show(target: Target, name: str, most: int) -> None:
    queue = QUEUES[name]
    messages, total = look(target, queue, most), count(target, queue)
    table = new_table(target, "age", "bytes", "message", "reason")
    for each in messages:
        table.add_row(_age(each), f"{each.bytes:,}", escape(each.beginning), escape(each.reason))
    console.print(table)
    console.print(f"{name}: {total:,} messages, {len(messages):,} shown", highlight=False)
    if queue.source_export is None:
        console.print(f"nothing takes them back: {queue.back_to}", highlight=False)
    elif total:
        console.print(f"--yes would move all {total:,} to {queue.back_to}; nothing was changed", highlight=False)


def _move(target: Target, name: str) -> None:
    queue = QUEUES[name]
    with console.status(f"moving messages to {queue.back_to}"):
        result = move_back(target, queue)
    console.print(f"{result.moved:,} moved to {queue.back_to}", highlight=False)
    if result.newer:
        console.print(f"{result.newer:,} came meanwhile and stayed: look at them first", highlight=False)
    for refused in result.refused:
        errors.print(f"[red]stayed:[/] {escape(refused)}", highlight=False, soft_wrap=True)
    if result.refused:
        raise typer.Exit(1)


def _age(message: DeadLetter) -> str:
    age = datetime.now(UTC) - message.sent_at
    return f"{age / _HOUR:,.0f} h" if age >= _HOUR else f"{age.total_seconds() / 60:.0f} min"
