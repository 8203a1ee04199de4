"""The command `trace`: the whole way of a row, an object, a file, an event or a report."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Annotated

import typer

from datasets import DATASETS
from lake.keys import INBOUND
from lake.printable import printable
from ops.stack.checks import known_dataset
from ops.stack.choice import target_of
from ops.stack.days import DAY_FORMAT, days_between
from ops.stack.errors import InvalidInputError
from ops.stack.json_output import AsJson, print_json
from ops.stack.prefixes import check_inbound_key
from ops.stack.terminal import console, errors_for_a_person, escape, words_to
from ops.trace.model import Step
from ops.trace.way import trace_row, trace_thing
from ops.trace.whole_keys import lake_key
from processing.tracing.keys import NotAKeyError, key_of

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
    as_json: AsJson = False,  # noqa: FBT002 - a flag
) -> None:
    """Follow a row, an object, a file or an event from its source to the reports.

    `trace inbound/vehicles/2026/11/22/a.csv`, `trace a.csv`, `trace EVENT_ID`, `trace --dataset vehicles "AB12 CDE"`.
    An event is followed by whatever channels its id arrived; `trace --dataset events CHANNEL EVENT_ID` names one.
    A row is searched in the newest 1,000 objects of its dataset; --from and --to choose the landing days instead.
    """
    _check(dataset, what)
    days = days_between(first, last)
    target = target_of(context)
    with errors_for_a_person(), words_to(as_json=as_json).status("looking") as status:

        def progress(words: str) -> None:
            status.update(escape(words))

        if dataset:
            steps = trace_row(target, DATASETS[dataset], what, days, progress, values=values)
        else:
            thing = lake_key(target, what[0].removeprefix(f"s3://{target.bucket}/"))
            steps = trace_thing(target, thing, days, progress, values=values)
        found = list[Step]()
        for step in steps:
            found.append(step)
            if not as_json:
                _tell(step)
    if as_json:
        print_json([asdict(each) for each in found])


def _check(dataset: str, what: Sequence[str]) -> None:
    """Refuse a text that cannot be the key of a row or an object, before anything is searched."""
    if dataset:
        try:
            key_of(DATASETS[known_dataset(dataset)], what)
        except NotAKeyError as error:
            raise InvalidInputError(str(error)) from error
    elif len(what) > 1:
        raise InvalidInputError("one thing at a time; several words are a row's key: name its dataset with --dataset")
    elif what[0].startswith(f"{INBOUND}/"):
        check_inbound_key(what[0])


def _tell(step: Step) -> None:
    for place, line in zip([step.place, *[""] * len(step.lines)], step.lines, strict=False):
        console.print(printable(f"{place:<{_PLACE_WIDTH}} {line}"), highlight=False, markup=False, soft_wrap=True)
