"""The command `replay`: objects that landed on some days, processed once more, and the reports after them."""

from datetime import date, datetime
from typing import Annotated

import typer

from datasets import DATASETS
from ops.jobs.runner import new_runner, run_job
from ops.stack.row_accounts import landed_objects
from ops.stack.target import Target
from ops.stack.terminal import console, errors_for_a_person

_DAY = "%Y-%m-%d"


def replay(
    context: typer.Context,
    dataset: Annotated[str, typer.Option(help="The dataset.")],
    first: Annotated[datetime | None, typer.Option("--from", formats=[_DAY], help="First day of landing.")] = None,
    last: Annotated[datetime | None, typer.Option("--to", formats=[_DAY], help="Last day of landing.")] = None,
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
    begin, end = first.date() if first else date.min, last.date() if last else date.max
    if begin > end:
        raise typer.BadParameter(f"--from {begin} is after --to {end}")
    with errors_for_a_person():
        objects = [
            landed.inbound.key
            for landed in landed_objects(target, dataset)
            if (landed.inbound.key == key if key else begin <= landed.inbound.landing_date <= end)
        ]
        for each in objects:
            console.print(each, highlight=False, markup=False, soft_wrap=True)
        if not objects:
            console.print("no such object landed: nothing to do", highlight=False)
            raise typer.Exit(1)
        if not yes:
            console.print(f"--yes would process {len(objects):,} objects again, then make the reports", highlight=False)
            console.print("nothing was changed", highlight=False)
            return
        days = {"--from": first and f"{begin}", "--to": last and f"{end}"}
        chosen = {"--object": key} if key else {name: day for name, day in days.items() if day}
        runner = new_runner(target, as_json=False)
        run_job(runner, target.exports["warehouseJob"], {"--dataset": dataset, **chosen})
        run_job(runner, target.exports["martJob"])
