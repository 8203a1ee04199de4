"""The command `trace`: the whole way of a row, an object, a file, an event or a report."""

from datetime import datetime
from typing import Annotated

import typer

from datasets import DATASETS
from lake.printable import printable
from ops.stack.days import DAY_FORMAT, days_between
from ops.stack.target import Target
from ops.stack.terminal import console, errors_for_a_person, escape
from ops.trace.model import Step
from ops.trace.way import trace_row, trace_thing

_PLACE_WIDTH = 13


def trace(
    context: typer.Context,
    what: Annotated[
        list[str],
        typer.Argument(help="A key of an object or a report, a file's path or name, an event's id; or a row's key."),
    ],
    dataset: Annotated[str, typer.Option(help="A row of this dataset, by its key.")] = "",
    first: Annotated[
        datetime | None, typer.Option("--from", formats=[DAY_FORMAT], help="First day of landing.")
    ] = None,
    last: Annotated[datetime | None, typer.Option("--to", formats=[DAY_FORMAT], help="Last day of landing.")] = None,
    values: Annotated[bool, typer.Option("--values", help="Also the row's own values: a person's data.")] = False,  # noqa: FBT002 - a flag
) -> None:
    """Follow a row, an object, a file or an event from its source to the reports.

    `trace inbound/vehicles/2026/11/22/a.csv`, `trace a.csv`, `trace EVENT_ID`, `trace --dataset vehicles "AB12 CDE"`.
    An event is followed by whatever channels its id arrived; `trace --dataset events CHANNEL EVENT_ID` names one.
    A row is searched in the newest 1,000 objects of its dataset; --from and --to choose the landing days instead.
    """
    target: Target = context.obj
    if dataset and dataset not in DATASETS:
        raise typer.BadParameter(f"there is no dataset {dataset!r}; there are {', '.join(DATASETS)}")
    if not dataset and len(what) > 1:
        raise typer.BadParameter("one thing at a time; several words are a row's key: name its dataset with --dataset")
    days = days_between(first, last)
    with errors_for_a_person(), console.status("looking") as status:

        def progress(words: str) -> None:
            status.update(escape(words))

        if dataset:
            steps = trace_row(target, DATASETS[dataset], what, days, progress, values=values)
        else:
            steps = trace_thing(target, what[0], days, progress, values=values)
        for step in steps:
            _tell(step)


def _tell(step: Step) -> None:
    for place, line in zip([step.place, *[""] * len(step.lines)], step.lines, strict=False):
        console.print(printable(f"{place:<{_PLACE_WIDTH}} {line}"), highlight=False, markup=False, soft_wrap=True)
