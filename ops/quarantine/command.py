"""The commands `quarantine list`, `show` and `release`."""

from pathlib import Path
from typing import Annotated, Final

import typer

from datasets import DATASETS
from ops.jobs.runner import new_runner, run_job
from ops.quarantine.rows import (
    all_with_refused,
    processed_object,
    put_mended,
    refused_of_dataset,
    refused_rows,
)
from ops.stack.object_index import behind_in_words, show_behind
from ops.stack.target import Target
from ops.stack.terminal import console, errors_for_a_person, escape, new_table

app: Final = typer.Typer(no_args_is_help=True, help="Refused rows: which there are, and their way out after a fix.")


@app.command("list")
def list_refused(
    context: typer.Context,
    dataset: Annotated[str, typer.Option(help="This one alone.")] = "",
    objects: Annotated[
        int, typer.Option(min=1, max=1_000, help="How many objects of each dataset to show, the newest.")
    ] = 20,
) -> None:
    """Count refused rows by dataset, rule and object: of the newest objects that have any."""
    target: Target = context.obj
    with errors_for_a_person(), console.status("reading the index"):
        found = {name: refused_of_dataset(target, name, objects) for name in ([dataset] if dataset else DATASETS)}
        behind = [*behind_in_words(target)]
    table = new_table(target, "dataset", "rule", "rows", "object")
    for of_dataset in found.values():
        for each in sorted(of_dataset.found, key=lambda entry: (entry.rule, entry.inbound.key)):
            table.add_row(each.inbound.dataset, escape(each.rule), f"{each.rows:,}", escape(each.inbound.key))
    console.print(table)
    console.print("a row that broke two rules counts for both", highlight=False)
    if more := [name for name, of_dataset in found.items() if of_dataset.has_more]:
        words = f"the newest {objects:,} objects of {', '.join(more)} are shown; `--objects` shows more"
        console.print(words, highlight=False, soft_wrap=True)
    show_behind(behind)


@app.command()
def show(
    context: typer.Context,
    key: Annotated[str, typer.Argument(help="Key of the inbound object.")],
    rows: Annotated[int, typer.Option(min=1, help="How many rows to show.")] = 20,
) -> None:
    """Show refused rows of an object as they came, with line, rules and reason."""
    target: Target = context.obj
    with errors_for_a_person():
        refused = refused_rows(target, key)
    table = new_table(target, "line", "rules", "reason", "original")
    for row in refused.head(rows).iter_rows(named=True):
        line = "whole" if row["line"] is None else f"{row['line']:,}"
        table.add_row(line, *(escape(text) for text in (", ".join(row["rules"]), row["reason"], row["original"] or "")))
    console.print(table)
    console.print(f"{refused.height:,} refused rows, {min(rows, refused.height):,} shown", highlight=False)


@app.command()
def release(
    context: typer.Context,
    key: Annotated[str, typer.Argument(help="Key of an inbound object; a dataset for all that have refused rows.")],
    mended: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Put this file in the object's place first.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do it.")] = False,  # noqa: FBT002 - a flag
) -> None:
    """Sanitise objects again as they are declared now, and then make the reports; without --yes say which.

    Rows that are clean now go to the warehouse; those that are not stay refused. Deploy the mended rule before, or give
    the mended object.
    """
    target: Target = context.obj
    if mended and key in DATASETS:
        raise typer.BadParameter("a mended file is that of one object: give its key")
    with errors_for_a_person():
        if key in DATASETS:
            objects, arguments = all_with_refused(target, key), {"--dataset": key, "--only": "refused"}
        else:
            objects, arguments = [processed_object(target, key)], {"--object": key}
        for each in objects:
            console.print(each.key, highlight=False, markup=False, soft_wrap=True)
        if not objects:
            console.print("no rows are refused: nothing to do", highlight=False)
            raise typer.Exit(1)
        if not yes:
            first = f"put {mended} ({mended.stat().st_size:,} bytes) in its place, " if mended else ""
            what = f"--yes would {first}sanitise {len(objects):,} objects again, then make the reports"
            console.print(what, highlight=False, markup=False, soft_wrap=True)
            console.print("nothing was changed", highlight=False)
            return
        if mended:
            put_mended(target, objects[0], mended)
        runner = new_runner(target, as_json=False)
        run_job(runner, target.exports["sanitiseJob"], arguments)
        run_job(runner, target.exports["martJob"])
