"""The command `replay`: objects that landed on some days, processed once more, and the reports after them."""

from datetime import date, datetime
from typing import Annotated

import typer

from datasets import DATASETS
from ops.jobs.runner import JobRuns, new_runner
from ops.stack.checks import check_days, known_dataset
from ops.stack.choice import target_of
from ops.stack.errors import InvalidInputError
from ops.stack.exit_codes import ExitCode
from ops.stack.json_output import AsJson, print_json
from ops.stack.prefixes import check_inbound_key, check_is_of, key_of_prefix
from ops.stack.row_accounts import landed_objects
from ops.stack.terminal import words_to

_DAY = "%Y-%m-%d"


def replay(
    context: typer.Context,
    dataset: Annotated[str, typer.Option(help="The dataset.", autocompletion=lambda: sorted(DATASETS))],
    first: Annotated[datetime | None, typer.Option("--from", formats=[_DAY], help="First day of landing.")] = None,
    last: Annotated[datetime | None, typer.Option("--to", formats=[_DAY], help="Last day of landing.")] = None,
    key: Annotated[str, typer.Option("--object", help="This inbound object alone, in place of days.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Process them; without it, only list them.")] = False,  # noqa: FBT002 - a flag
    as_json: AsJson = False,  # noqa: FBT002 - a flag
) -> None:
    """Process landed objects once more with the warehouse job, then make the reports; without --yes say which.

    Each object's files are written whole in place of those that were there: no row is there twice. Of a key its
    beginning is enough, if only one object has it.
    """
    begin, end = first.date() if first else date.min, last.date() if last else date.max
    _check(dataset, key, begin, end, has_days=bool(first or last))
    target, words = target_of(context), words_to(as_json=as_json)
    key = key_of_prefix(target, key) if key else ""
    objects = [
        landed.inbound.key
        for landed in landed_objects(target, dataset)
        if (landed.inbound.key == key if key else begin <= landed.inbound.landing_date <= end)
    ]
    for each in objects:
        words.print(each, highlight=False, markup=False, soft_wrap=True)
    if not (objects and yes):
        would = f"--yes would process {len(objects):,} objects again, then make the reports\nnothing was changed"
        words.print(would if objects else "no such object landed: nothing to do", highlight=False)
        if as_json:
            print_json({"objects": objects, "jobs": []})
        if not objects:
            raise typer.Exit(ExitCode.FAILED)
        return
    days = {"--from": first and f"{begin}", "--to": last and f"{end}"}
    chosen = {"--object": key} if key else {name: day for name, day in days.items() if day}
    with JobRuns(new_runner(target, as_json=as_json), as_json=as_json, also={"objects": objects}) as runs:
        runs.run(target.exports["warehouseJob"], {"--dataset": dataset, **chosen})
        runs.run(target.exports["martJob"])


def _check(dataset: str, key: str, begin: date, end: date, *, has_days: bool) -> None:
    known_dataset(dataset)
    if bool(key) == has_days:
        raise InvalidInputError("say which: --from and --to, or --object")
    check_days(begin, end)
    if key:
        check_inbound_key(key)
        check_is_of(key, dataset)
