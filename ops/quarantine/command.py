"""The commands `quarantine list`, `show` and `release`."""

from pathlib import Path
from typing import Annotated, Final

import typer

from datasets import DATASETS
from ops.jobs.runner import JobRuns, new_runner
from ops.quarantine.rows import (
    all_with_refused,
    processed_object,
    put_corrected,
    refused_of_dataset,
    refused_rows,
)
from ops.stack.checks import known_dataset
from ops.stack.choice import target_of
from ops.stack.errors import InvalidInputError
from ops.stack.exit_codes import ExitCode
from ops.stack.json_output import AsJson, print_json
from ops.stack.numbers import counted
from ops.stack.object_index import show_behind, waiting_events
from ops.stack.prefixes import check_inbound_key, inbound_key
from ops.stack.terminal import console, errors, errors_for_a_person, escape, new_table, print_table, words_to

app: Final = typer.Typer(no_args_is_help=True, help="Inspect refused rows, and process them again after a fix.")


@app.command("list")
def list_refused(
    context: typer.Context,
    dataset: Annotated[str, typer.Option(help="Only this dataset.", autocompletion=lambda: sorted(DATASETS))] = "",
    objects: Annotated[
        int, typer.Option(min=1, max=1_000, help="Number of objects to show for each dataset, newest first.")
    ] = 20,
    as_json: AsJson = False,  # noqa: FBT002 - a flag
) -> None:
    """Count refused rows by dataset, rule and object, for the newest objects with refused rows."""
    if dataset:
        known_dataset(dataset)
    target = target_of(context)
    with errors_for_a_person(), errors.status("reading the index"):
        by_dataset = {name: refused_of_dataset(target, name, objects) for name in ([dataset] if dataset else DATASETS)}
        behind = waiting_events(target)
    found = [each for of_dataset in by_dataset.values() for each in of_dataset.found]
    ordered = sorted(found, key=lambda entry: (entry.inbound.dataset, entry.rule, entry.inbound.key))
    more = [name for name, of_dataset in by_dataset.items() if of_dataset.has_more]
    if as_json:
        refused = [
            {"dataset": each.inbound.dataset, "rule": each.rule, "rows": each.rows, "object": each.inbound.key}
            for each in ordered
        ]
        print_json({"refused": refused, "datasets_with_more": more, "behind": behind})
        return
    table = new_table(target, "dataset", "rule", "rows", "object")
    for each in ordered:
        table.add_row(each.inbound.dataset, escape(each.rule), f"{each.rows:,}", escape(each.inbound.key))
    print_table(table, whole=("rule", "object"))
    console.print("a row that breaks two rules counts for both", highlight=False)
    if more:
        words = f"only the newest {objects:,} objects of {', '.join(more)} are shown; --objects shows more"
        console.print(words, highlight=False, soft_wrap=True)
    show_behind(behind)


@app.command()
def show(
    context: typer.Context,
    key: Annotated[str, typer.Argument(help="Key of the inbound object, or a unique prefix of it.")],
    rows: Annotated[int, typer.Option(min=1, help="Number of rows to show.")] = 20,
    as_json: AsJson = False,  # noqa: FBT002 - a flag
) -> None:
    """Show the refused rows of an object as delivered, with line, rules and reason."""
    check_inbound_key(key)
    target = target_of(context)
    with errors_for_a_person():
        whole = inbound_key(target, key)
        refused = refused_rows(target, whole)
    if as_json:
        shown = refused.head(rows).select("line", "rules", "reason", "original") if refused.height else refused
        print_json({"object": whole, "refused": refused.height, "rows": shown.to_dicts()})
        return
    table = new_table(target, "line", "rules", "reason", "original")
    for row in refused.head(rows).iter_rows(named=True):
        line = "whole" if row["line"] is None else f"{row['line']:,}"
        table.add_row(line, *(escape(text) for text in (", ".join(row["rules"]), row["reason"], row["original"] or "")))
    console.print(table)
    console.print(f"{refused.height:,} refused rows, {min(rows, refused.height):,} shown", highlight=False)


@app.command()
def release(
    context: typer.Context,
    key: Annotated[
        str,
        typer.Argument(
            help="Key of an inbound object, or a unique prefix of it; or a dataset, for all its objects with "
            "refused rows."
        ),
    ],
    corrected: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="First replace the object with this file.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Process the objects; without it, only list them.")] = False,  # noqa: FBT002 - a flag
    as_json: AsJson = False,  # noqa: FBT002 - a flag
) -> None:
    """Process objects again under the current declaration, then compute the reports; without --yes, only list them.

    Rows that are clean now go to the warehouse; the others stay refused. Deploy
    the corrected rule first, or give the corrected file with --corrected.
    """
    if corrected and key in DATASETS:
        raise InvalidInputError("--corrected replaces one object; give the key of this object, not a dataset")
    if "/" not in key:
        known_dataset(key)
    else:
        check_inbound_key(key)
    target, words = target_of(context), words_to(as_json=as_json)
    with errors_for_a_person():
        if key in DATASETS:
            objects, arguments = all_with_refused(target, key), {"--dataset": key, "--only": "refused"}
        else:
            whole = inbound_key(target, key)
            objects, arguments = [processed_object(target, whole)], {"--object": whole}
        keys = [each.key for each in objects]
        for each in keys:
            words.print(each, highlight=False, markup=False, soft_wrap=True)
        if not (keys and yes):
            first = f"replace the object with {corrected} ({corrected.stat().st_size:,} bytes), " if corrected else ""
            would = f"--yes would {first}process {counted(len(keys), 'object')} again, then compute the reports"
            what = f"nothing was changed; {would}" if keys else "nothing to do: no rows are refused"
            words.print(what, highlight=False, markup=False, soft_wrap=True)
            if as_json:
                print_json({"objects": keys, "jobs": []})
            if not keys:
                raise typer.Exit(ExitCode.FAILED)
            return
        if corrected:
            put_corrected(target, objects[0], corrected)
        with JobRuns(new_runner(target, as_json=as_json), as_json=as_json, also={"objects": keys}) as runs:
            runs.run(target.exports["sanitiseJob"], arguments)
            runs.run(target.exports["martJob"])
