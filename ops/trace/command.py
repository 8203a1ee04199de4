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
        typer.Argument(
            help="Key of an object or report, path or name of a file, or id of an event; with --dataset, the key "
            "of a row."
        ),
    ],
    dataset: Annotated[str, typer.Option(help="Trace a row of this dataset.")] = "",
    first: Annotated[datetime | None, typer.Option("--from", formats=[DAY_FORMAT], help="First landing day.")] = None,
    last: Annotated[datetime | None, typer.Option("--to", formats=[DAY_FORMAT], help="Last landing day.")] = None,
    values: Annotated[  # noqa: FBT002 - a flag
        bool, typer.Option("--values", help="Also print the row's own values, which may be personal data.")
    ] = False,
    as_json: AsJson = False,  # noqa: FBT002 - a flag
) -> None:
    """Follow a row, object, file or event from its source to the reports.

    `trace inbound/vehicles/2026/11/22/a.csv`, `trace a.csv`, `trace EVENT_ID`,
    `trace --dataset vehicles "AB12 CDE"`. `trace EVENT_ID` covers all channels;
    `trace --dataset events CHANNEL EVENT_ID` covers one channel. To find a
    row, the command searches the newest 1,000 objects of its dataset; --from
    and --to select landing days instead.
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
        raise InvalidInputError(
            "several words are the key of a row; name its dataset with --dataset, or trace one thing at a time"
        )
    elif what[0].startswith(f"{INBOUND}/"):
        check_inbound_key(what[0])


def _tell(step: Step) -> None:
    for place, line in zip([step.place, *[""] * len(step.lines)], step.lines, strict=False):
        console.print(printable(f"{place:<{_PLACE_WIDTH}} {line}"), highlight=False, markup=False, soft_wrap=True)
