"""The command `redrive`: a look at the dead-letter queues, and the way back of their messages."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from ops.dead_letters.describe import DeadLetter
from ops.dead_letters.queues import QUEUES, Moved, body_of, count, discard, look, move_back
from ops.stack.target import Target
from ops.stack.terminal import console, errors, errors_for_a_person, escape, new_table

_HOUR = timedelta(hours=1)


def redrive(
    context: typer.Context,
    queue: Annotated[
        str,
        typer.Argument(help="events, collector, extraction, attributes or undelivered; all are counted without."),
    ] = "",
    show: Annotated[int, typer.Option(min=0, max=1_000, help="How many messages to look at.")] = 10,
    message: Annotated[str, typer.Option(help="This message alone, by the id that a look shows.")] = "",
    save: Annotated[
        Path | None, typer.Option(help="Write the message to this new file, to mend it there: it may be a person's.")
    ] = None,
    mended: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Send this file in place of the event.")
    ] = None,
    throw_away: Annotated[bool, typer.Option("--discard", help="Delete instead of moving back.")] = False,  # noqa: FBT002 - a flag
    yes: Annotated[bool, typer.Option("--yes", help="Do it.")] = False,  # noqa: FBT002 - a flag
) -> None:
    """Look at a dead-letter queue; with --yes give its messages back to where they came from.

    A message is deleted from the dead-letter queue only once its source took it. What fails there again comes back
    here, and stays.
    """
    target: Target = context.obj
    if queue and queue not in QUEUES:
        raise typer.BadParameter(f"there is no queue {queue!r}; there are {', '.join(QUEUES)}")
    if (yes or message or throw_away) and not queue:
        raise typer.BadParameter("name the queue whose messages are to be moved")
    if (save or mended) and not message:
        raise typer.BadParameter("say with --message which one is to be mended")
    if mended and (queue != "events" or throw_away):
        raise typer.BadParameter("only an event can be mended, and sent: what else failed is started again")
    with errors_for_a_person():
        if not queue:
            _count_all(target)
        elif save:
            _save(target, queue, message, save)
        elif yes:
            _take_out(target, queue, message or None, mended, throw_away=throw_away)
        else:
            _show(target, queue, show, message, throw_away=throw_away)


def _count_all(target: Target) -> None:
    table = new_table(target, "queue", "messages", "holds")
    for name, queue in QUEUES.items():
        table.add_row(name, f"{count(target, queue):,}", queue.holds)
    console.print(table)
    console.print("`redrive QUEUE` looks at one; nothing was changed", highlight=False)


def _save(target: Target, name: str, message: str, file: Path) -> None:
    body = body_of(target, QUEUES[name], message)
    try:
        # Never over a file that is there, and for nobody else to read.
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise typer.BadParameter(f"{file} cannot be written: {error.strerror}") from error
    with os.fdopen(descriptor, "w", encoding="utf-8") as written:
        written.write(body)
    console.print(f"written: {file}; nothing was changed", highlight=False, soft_wrap=True)


def _show(target: Target, name: str, most: int, message: str, *, throw_away: bool) -> None:
    queue = QUEUES[name]
    messages, total = look(target, queue, most), count(target, queue)
    table = new_table(target, "age", "bytes", "message", "reason", "id")
    for each in messages:
        if message in {"", each.message_id}:
            table.add_row(_age(each), f"{each.bytes:,}", escape(each.beginning), escape(each.reason), each.message_id)
    console.print(table)
    console.print(f"{name}: {total:,} messages, {len(messages):,} looked at", highlight=False)
    which = "this one" if message else f"all {total:,}"
    if throw_away:
        console.print(f"--yes would delete {which} for good; nothing was changed", highlight=False)
    elif queue.source_export is None:
        console.print(f"nothing takes them back: {queue.back_to}", highlight=False)
    elif total:
        console.print(f"--yes would move {which} to {queue.back_to}; nothing was changed", highlight=False)


def _take_out(target: Target, name: str, message: str | None, mended: Path | None, *, throw_away: bool) -> None:
    queue = QUEUES[name]
    with console.status(f"{name}: {'deleting' if throw_away else 'moving'} messages"):
        if throw_away:
            result, done = discard(target, queue, message), "deleted"
        else:
            # A line break at the file's end is the editor's.
            text = mended.read_text(encoding="utf-8").rstrip("\r\n") if mended else None
            result, done = move_back(target, queue, message, text), f"moved to {queue.back_to}"
    console.print(f"{result.moved:,} {done}", highlight=False)
    _tell_what_stayed(result)


def _tell_what_stayed(result: Moved) -> None:
    if result.newer:
        console.print(f"{result.newer:,} came meanwhile and stayed: look at them first", highlight=False)
    for refused in result.refused:
        errors.print(f"[red]stayed:[/] {escape(refused)}", highlight=False, soft_wrap=True)
    if result.refused:
        raise typer.Exit(1)


def _age(message: DeadLetter) -> str:
    age = datetime.now(UTC) - message.sent_at
    return f"{age / _HOUR:,.0f} h" if age >= _HOUR else f"{age.total_seconds() / 60:.0f} min"
