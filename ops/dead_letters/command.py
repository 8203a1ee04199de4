"""The command `redrive`: shows the dead-letter queues, and moves their messages back."""

import os
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from ops.dead_letters.describe import DeadLetter
from ops.dead_letters.queues import (
    MOST_LOOKED_AT,
    QUEUES,
    Moved,
    body_of,
    count,
    discard,
    look,
    message_id_of,
    move_back,
    no_such_message,
)
from ops.dead_letters.redrive import check_corrected
from ops.stack.checks import check_can_be_written, one_of
from ops.stack.choice import target_of
from ops.stack.errors import InvalidInputError
from ops.stack.exit_codes import ExitCode
from ops.stack.json_output import AsJson, print_json
from ops.stack.numbers import counted
from ops.stack.target import Target
from ops.stack.terminal import PrintableConsole, console, errors, escape, new_table, print_table, words_to

_HOUR = timedelta(hours=1)


def redrive(  # noqa: PLR0913, PLR0917 - its options
    context: typer.Context,
    queue: Annotated[
        str,
        typer.Argument(
            help="The queue: events, collector, extraction, attributes or undelivered. Default: count the messages "
            "of all queues.",
            autocompletion=lambda: [*QUEUES],
        ),
    ] = "",
    show: Annotated[int, typer.Option(min=0, max=1_000, help="Number of messages to show.")] = 10,
    message: Annotated[str, typer.Option(help="Only this message, by its id or a unique prefix of its id.")] = "",
    save: Annotated[
        Path | None,
        typer.Option(help="Write the message to this new file so that you can correct it. It may hold personal data."),
    ] = None,
    corrected: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Send the event in this file instead of the stored one."),
    ] = None,
    throw_away: Annotated[bool, typer.Option("--discard", help="Delete messages instead of moving them back.")] = False,  # noqa: FBT002 - a flag
    yes: Annotated[  # noqa: FBT002 - a flag
        bool, typer.Option("--yes", help="Move or delete the messages; without it, only list them.")
    ] = False,
    as_json: AsJson = False,  # noqa: FBT002 - a flag
) -> None:
    """Show the messages of a dead-letter queue; with --yes, move them back to their source.

    A message is deleted from the dead-letter queue only after its source has
    accepted it. A message that fails again returns to the dead-letter queue.
    """
    _check(queue, message, save, corrected, moves=yes or throw_away, throws_away=throw_away)
    text = _corrected_event(corrected) if corrected else None
    target = target_of(context)
    if not queue:
        _count_all(target, as_json=as_json)
        return
    if message:
        message = message_id_of(target, QUEUES[queue], message)
    if save:
        _save(target, queue, message, save, as_json=as_json)
    elif yes:
        _take_out(target, queue, message or None, text, throw_away=throw_away, as_json=as_json)
    else:
        _show(target, queue, show, message, throw_away=throw_away, as_json=as_json)


def _check(
    queue: str, message: str, save: Path | None, corrected: Path | None, *, moves: bool, throws_away: bool
) -> None:
    """Refuse contradictory arguments before any request to the stack."""
    if queue:
        one_of(queue, QUEUES, "queue")
    if (moves or message) and not queue:
        raise InvalidInputError("the queue is missing; give its name as the argument")
    if (save or corrected) and not message:
        raise InvalidInputError("the message is missing; give its id with --message")
    if corrected and (queue != "events" or throws_away):
        raise InvalidInputError(
            "only a message of the queue events can be corrected, and only to move it back; leave the file out"
        )
    if save:
        check_can_be_written(save)
        if save.exists():
            raise InvalidInputError(f"{save} exists; name a new file")


def _corrected_event(file: Path) -> str:
    try:
        # An editor adds a line break at the end of the file.
        text = file.read_text(encoding="utf-8").rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise InvalidInputError(
            f"{file} is not UTF-8 text: {error.reason} at byte {error.start}; save it as UTF-8"
        ) from error
    if refusal := check_corrected(text):
        raise InvalidInputError(f"{file} is not a stored event: {refusal}; correct the file")
    return text


def _count_all(target: Target, *, as_json: bool) -> None:
    counts = {name: count(target, queue) for name, queue in QUEUES.items()}
    if as_json:
        print_json({"queues": counts})
        return
    table = new_table(target, "queue", "messages", "holds")
    for name, number in counts.items():
        table.add_row(name, f"{number:,}", QUEUES[name].holds)
    console.print(table)
    console.print("nothing was changed; `redrive QUEUE` shows the messages of a queue", highlight=False)


def _save(target: Target, name: str, message: str, file: Path, *, as_json: bool) -> None:
    body = body_of(target, QUEUES[name], message)
    # Never overwrite an existing file, and let no other user read the new one.
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as written:
        written.write(body)
    words_to(as_json=as_json).print(f"wrote {file}; nothing was changed", highlight=False, soft_wrap=True)
    if as_json:
        print_json({"queue": name, "id": message, "written": file.absolute()})


def _show(target: Target, name: str, most: int, message: str, *, throw_away: bool, as_json: bool) -> None:
    queue = QUEUES[name]
    messages, total = look(target, queue, MOST_LOOKED_AT if message else most), count(target, queue)
    shown = [each for each in messages if message in {"", each.message_id}]
    if message and not shown:
        raise no_such_message(message)
    if as_json:
        print_json({"queue": name, "total": total, "messages": [_as_json(each) for each in shown]})
        return
    table = new_table(target, "age", "bytes", "message", "reason", "id")
    for each in shown:
        table.add_row(_age(each), f"{each.bytes:,}", escape(each.beginning), escape(each.reason), each.message_id)
    print_table(table, whole=("age", "id"))
    console.print(f"{name}: {counted(total, 'message')}, {len(messages):,} read", highlight=False)
    which = "this message" if message or total == 1 else f"all {total:,} messages"
    if throw_away:
        console.print(f"nothing was changed; --yes would delete {which} permanently", highlight=False)
    elif queue.source_export is None:
        console.print(f"these messages cannot be moved back; {queue.back_to}", highlight=False)
    elif total:
        console.print(f"nothing was changed; --yes would move {which} to {queue.back_to}", highlight=False)


def _take_out(
    target: Target, name: str, message: str | None, text: str | None, *, throw_away: bool, as_json: bool
) -> None:
    queue, words = QUEUES[name], words_to(as_json=as_json)
    with errors.status(f"{name}: {'deleting' if throw_away else 'moving'} messages"):
        if throw_away:
            result, done = discard(target, queue, message), "deleted"
        else:
            result, done = move_back(target, queue, message, text), f"moved to {queue.back_to}"
    words.print(f"{result.moved:,} {done}", highlight=False)
    _show_what_stayed(result, words)
    if as_json:
        print_json({"queue": name, "done": "deleted" if throw_away else "moved", **asdict(result)})
    if result.refused:
        raise typer.Exit(ExitCode.FAILED)


def _show_what_stayed(result: Moved, words: PrintableConsole) -> None:
    if result.newer:
        words.print(
            f"{counted(result.newer, 'message')} arrived in the meantime and stayed in the queue; look there first",
            highlight=False,
        )
    for refused in result.refused:
        errors.print(f"[red]not moved:[/] {escape(refused)}", highlight=False, soft_wrap=True)


def _as_json(message: DeadLetter) -> dict[str, Any]:
    return {
        "id": message.message_id,
        "sent_at": message.sent_at,
        "bytes": message.bytes,
        "message": message.beginning,
        "reason": message.reason,
    }


def _age(message: DeadLetter) -> str:
    age = datetime.now(UTC) - message.sent_at
    return f"{age / _HOUR:,.0f} h" if age >= _HOUR else f"{age.total_seconds() / 60:.0f} min"
