"""The command `try`: clean and refused rows of a sample file under a declaration."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich import box
from rich.table import Table

from lake.printable import printable
from ops.stack.exit_codes import ExitCode
from ops.stack.json_output import AsJson, print_json
from ops.stack.terminal import console, errors_for_a_person, escape
from ops.trial.trial import Trial, try_file

_SHOWN = 10


def try_declaration(
    declaration: Annotated[Path, typer.Argument(help="The dataset's file, such as datasets/vehicles.py.")],
    sample: Annotated[Path, typer.Argument(help="A sample file of rows, as the source sends it.")],
    limit: Annotated[int, typer.Option(min=0, help="Number of clean rows and of refused rows to show.")] = _SHOWN,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 if a row is refused.")] = False,  # noqa: FBT002 - a flag
    as_json: AsJson = False,  # noqa: FBT002 - a flag
) -> None:
    """Check a sample file against a declaration, without a platform: show clean and refused rows with reasons.

    The command reads, cleanses and checks the rows like the warehouse job, but
    writes nothing. Exit status: 0 if the file was checked, 1 if the declaration
    or the file cannot be used.
    """
    with errors_for_a_person():
        trial = try_file(declaration, sample)
    if as_json:
        print_json(_as_json(trial, limit))
    else:
        _show(trial, limit)
    if strict and trial.refused.height:
        raise typer.Exit(ExitCode.FAILED)


def _as_json(trial: Trial, limit: int) -> dict[str, Any]:
    return {
        "dataset": trial.dataset,
        "rows_in": trial.rows_in,
        "clean": trial.clean.height,
        "refused": trial.refused.height,
        "duplicates": trial.duplicates,
        "by_rule": trial.by_rule,
        "discarded_columns": trial.discarded,
        "clean_rows": trial.clean.head(limit).to_dicts(),
        "refused_rows": trial.refused.head(limit).to_dicts(),
    }


def _show(trial: Trial, limit: int) -> None:
    _print(
        f"{trial.dataset}: {trial.rows_in:,} rows in, {trial.clean.height:,} clean, "
        f"{trial.refused.height:,} refused, {trial.duplicates:,} duplicates"
    )
    for rule, rows in trial.by_rule.items():
        _print(f"  refused by {rule}: {rows:,}")
    if trial.discarded:
        _print(f"  discarded columns: {', '.join(trial.discarded)}")
    if clean := trial.clean.head(limit).rows():
        _show_table(f"Clean rows, {len(clean):,} of {trial.clean.height:,}", trial.clean.columns, clean)
    if refused := trial.refused.head(limit).select("line", "rules", "reason").rows():
        _show_table(f"Refused rows, {len(refused):,} of {trial.refused.height:,}", ["line", "rule", "reason"], refused)


def _show_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=0)
    for column in columns:
        table.add_column(escape(column), overflow="fold")
    for row in rows:
        table.add_row(*(escape(_in_words(value)) for value in row))
    console.print(table)


def _in_words(value: object) -> str:
    if value is None:
        return "null"
    return ", ".join(str(each) for each in value) if isinstance(value, list) else str(value)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]


def _print(line: str) -> None:
    console.print(printable(line), highlight=False, markup=False, soft_wrap=True)
