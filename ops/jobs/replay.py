"""The command `replay`: processes objects of some landing days again, then computes the reports."""

from datetime import datetime
from typing import Annotated

import typer

from datasets import DATASETS
from ops.jobs.runner import JobRuns, new_runner
from ops.stack.checks import known_dataset
from ops.stack.choice import target_of
from ops.stack.days import DAY_FORMAT, Days, days_between
from ops.stack.errors import InvalidInputError
from ops.stack.exit_codes import ExitCode
from ops.stack.json_output import AsJson, print_json
from ops.stack.numbers import counted
from ops.stack.object_index import index_of, show_behind, totals_of, waiting_events
from ops.stack.prefixes import check_inbound_key, check_is_of, inbound_key
from ops.stack.row_accounts import head
from ops.stack.target import Target
from ops.stack.terminal import words_to


def replay(
    context: typer.Context,
    dataset: Annotated[str, typer.Option(help="Name of the dataset.", autocompletion=lambda: sorted(DATASETS))],
    first: Annotated[datetime | None, typer.Option("--from", formats=[DAY_FORMAT], help="First landing day.")] = None,
    last: Annotated[datetime | None, typer.Option("--to", formats=[DAY_FORMAT], help="Last landing day.")] = None,
    key: Annotated[str, typer.Option("--object", help="Only this inbound object, instead of days.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Process the objects; without it, only list them.")] = False,  # noqa: FBT002 - a flag
    as_json: AsJson = False,  # noqa: FBT002 - a flag
) -> None:
    """Process landed objects again, then compute the reports; without --yes, only list the objects.

    The new files of an object replace its old ones, so no row is stored twice.
    A unique prefix of a key is enough.
    """
    chosen_days = days_between(first, last)
    _check(dataset, key, has_days=bool(first or last))
    target, words = target_of(context), words_to(as_json=as_json)
    key = inbound_key(target, key) if key else ""
    objects = _object(target, key) if key else _of_days(target, dataset, chosen_days)
    for each in objects:
        words.print(each, highlight=False, markup=False, soft_wrap=True)
    if not (objects and yes):
        some = counted(len(objects), "object")
        would = f"nothing was changed; --yes would process {some} again, then compute the reports"
        words.print(would if objects else "nothing to do: no such object landed", highlight=False)
        behind = waiting_events(target)
        if as_json:
            print_json({"objects": objects, "jobs": [], "behind": behind})
        else:
            show_behind(behind)
        if not objects:
            raise typer.Exit(ExitCode.FAILED)
        return
    days = {"--from": first and f"{chosen_days.first}", "--to": last and f"{chosen_days.last}"}
    chosen = {"--object": key} if key else {name: day for name, day in days.items() if day}
    with JobRuns(new_runner(target, as_json=as_json), as_json=as_json, also={"objects": objects}) as runs:
        runs.run(target.exports["warehouseJob"], {"--dataset": dataset, **chosen})
        runs.run(target.exports["martJob"])


def _check(dataset: str, key: str, *, has_days: bool) -> None:
    known_dataset(dataset)
    if bool(key) == has_days:
        raise InvalidInputError("replay needs landing days or an object; give either --from and --to, or --object")
    if key:
        check_inbound_key(key)
        check_is_of(key, dataset)


def _object(target: Target, key: str) -> list[str]:
    """Return the key if it belongs to an object."""
    return [] if head(target, key) is None else [key]


def _of_days(target: Target, dataset: str, days: Days) -> list[str]:
    """Return the keys of the objects that landed on some days, from the index."""
    index = index_of(target)
    landed = totals_of(target).of_days(dataset, days.first, days.last)
    return [each.inbound.key for day in landed for each in index.of_day(dataset, day) if each.landing is not None]
