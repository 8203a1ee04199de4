"""The command `status`: one view that shows whether anything needs to be done."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import timedelta
from typing import Annotated

import typer

from ops.dead_letters.queues import QUEUES, count
from ops.stack.choice import target_of
from ops.stack.days import newest_days
from ops.stack.json_output import AsJson, print_json
from ops.stack.object_index import show_behind, waiting_events
from ops.stack.terminal import console, errors, errors_for_a_person, new_table
from ops.status.status import DatasetStatus, dataset_statuses

_HOUR = timedelta(hours=1)
_EXACT_HOURS = 10
"""Below this value, a decimal place is shown."""


def status(
    context: typer.Context,
    days: Annotated[
        int | None,
        typer.Option(min=1, help="Count only objects and rows that landed in the last N days. Default: all days."),
    ] = None,
    as_json: AsJson = False,  # noqa: FBT002 - a flag
) -> None:
    """Show the landed objects and processed rows of each dataset, late datasets, and dead letters.

    The command reads the object index, so its duration does not depend on the
    number of landed objects.
    """
    target = target_of(context)
    counted = newest_days(days) if days else None
    with errors_for_a_person(), errors.status("reading the index"):
        statuses = dataset_statuses(target, counted)
        dead = {name: count(target, queue) for name, queue in QUEUES.items() if queue.export in target.exports}
        behind = waiting_events(target)
    if as_json:
        datasets = [{**asdict(each), "late": each.late} for each in statuses]
        print_json({"stack": target.stack, "datasets": datasets, "dead_letters": dead, "behind": behind})
        return
    table = new_table(
        target, "dataset", "landed", "last, UTC", "age", "waiting", "warehouse", "quarantined", "duplicate"
    )
    for column in table.columns[3:]:
        column.justify, column.no_wrap = "right", True
    for entry in statuses:
        table.add_row(*_cells(entry))
    console.print(table)
    if counted:
        console.print(f"landed, warehouse, quarantined, duplicate: only objects {counted.in_words()}", highlight=False)
    show_behind(behind)
    _tell_what_is_to_do(statuses, dead)


def _tell_what_is_to_do(statuses: list[DatasetStatus], dead: Mapping[str, int]) -> None:
    for entry in statuses:
        if entry.late:
            age = "no object has landed" if entry.age is None else f"the newest object landed {_hours(entry.age)} ago"
            console.print(
                f"[red]late:[/] {entry.dataset}: {age}; the limit is {_hours(entry.freshness)}", highlight=False
            )
    if letters := {name: number for name, number in dead.items() if number}:
        counted = ", ".join(f"{name} {number:,}" for name, number in letters.items())
        console.print(f"[red]dead letters:[/] {counted}; `redrive QUEUE` shows them", highlight=False)
    if any(entry.rows_quarantined for entry in statuses):
        console.print("[red]quarantined:[/] `quarantine list` shows the broken rules", highlight=False)


def _cells(entry: DatasetStatus) -> tuple[str, ...]:
    last = f"{entry.last_landed:%Y-%m-%d %H:%M}" if entry.last_landed else "never"
    age = "" if entry.age is None else f"{_number(entry.age)}/{_number(entry.freshness)} h"
    counts = (entry.waiting, entry.rows_warehouse, entry.rows_quarantined, entry.rows_duplicate)
    return (
        entry.dataset,
        f"{entry.landed:,}",
        last,
        f"[red]{age}[/]" if entry.late else age,
        *(f"{count:,}" for count in counts),
    )


def _number(duration: timedelta) -> str:
    """Format hours in few digits."""
    hours = duration / _HOUR
    return f"{hours:,.0f}" if hours >= _EXACT_HOURS or hours.is_integer() else f"{hours:.1f}"


def _hours(duration: timedelta) -> str:
    return f"{duration / _HOUR:,.0f} h" if duration >= _HOUR else f"{duration.total_seconds() / 60:.0f} min"
