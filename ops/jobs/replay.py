"""The command `replay`: objects that landed on some days, processed once more, and the reports after them."""

import contextlib
from datetime import datetime
from typing import Annotated

import typer

from datasets import DATASETS
from lake.keys import InvalidKeyError, parse_inbound_key
from ops.jobs.runner import new_runner, run_job
from ops.stack.days import DAY_FORMAT, Days, days_between
from ops.stack.object_index import behind_in_words, index_of, show_behind, totals_of
from ops.stack.row_accounts import head
from ops.stack.target import Target
from ops.stack.terminal import console, errors_for_a_person


def replay(
    context: typer.Context,
    dataset: Annotated[str, typer.Option(help="The dataset.")],
    first: Annotated[
        datetime | None, typer.Option("--from", formats=[DAY_FORMAT], help="First day of landing.")
    ] = None,
    last: Annotated[datetime | None, typer.Option("--to", formats=[DAY_FORMAT], help="Last day of landing.")] = None,
    key: Annotated[str, typer.Option("--object", help="This inbound object alone, in place of days.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do it.")] = False,  # noqa: FBT002 - a flag
) -> None:
    """Process landed objects once more with the warehouse job, then make the reports; without --yes say which.

    Each object's files are written whole in place of those that were there: no row is there twice.
    """
    target: Target = context.obj
    if dataset not in DATASETS:
        raise typer.BadParameter(f"there is no dataset {dataset!r}; there are {', '.join(DATASETS)}")
    if bool(key) == bool(first or last):
        raise typer.BadParameter("say which: --from and --to, or --object")
    chosen_days = days_between(first, last)
    with errors_for_a_person():
        objects = _object(target, dataset, key) if key else _of_days(target, dataset, chosen_days)
        for each in objects:
            console.print(each, highlight=False, markup=False, soft_wrap=True)
        if not objects:
            console.print("no such object landed: nothing to do", highlight=False)
            show_behind(behind_in_words(target))
            raise typer.Exit(1)
        if not yes:
            console.print(f"--yes would process {len(objects):,} objects again, then make the reports", highlight=False)
            console.print("nothing was changed", highlight=False)
            return
        days = {"--from": first and f"{chosen_days.first}", "--to": last and f"{chosen_days.last}"}
        chosen = {"--object": key} if key else {name: day for name, day in days.items() if day}
        runner = new_runner(target, as_json=False)
        run_job(runner, target.exports["warehouseJob"], {"--dataset": dataset, **chosen})
        run_job(runner, target.exports["martJob"])


def _object(target: Target, dataset: str, key: str) -> list[str]:
    """The key, if an object of the dataset has it."""
    with contextlib.suppress(InvalidKeyError):
        if parse_inbound_key(key).dataset == dataset and head(target, key) is not None:
            return [key]
    return []


def _of_days(target: Target, dataset: str, days: Days) -> list[str]:
    """Keys of the objects that landed on some days, as the index has them."""
    index = index_of(target)
    landed = totals_of(target).of_days(dataset, days.first, days.last)
    return [each.inbound.key for day in landed for each in index.of_day(dataset, day) if each.landing is not None]
