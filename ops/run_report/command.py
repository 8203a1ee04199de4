"""The command `report`: one HTML page of the last run, or one report as it is or was."""

from pathlib import Path
from typing import Annotated, Final

import typer
from rich.table import Table

from ops.jobs.runner import JobRuns, new_runner
from ops.run_report.facts import dataset_facts, report_facts
from ops.run_report.page import render_page
from ops.run_report.recompute import SHOWN_ROWS, Recomputed, check_format, recompute, write_rows
from ops.stack.checks import a_moment, check_can_be_written, known_report
from ops.stack.choice import target_of
from ops.stack.errors import InvalidInputError
from ops.stack.json_output import AsJson, print_json
from ops.stack.numbers import counted
from ops.stack.object_index import show_behind, waiting_events
from ops.stack.private_files import write_private
from ops.stack.target import Target
from ops.stack.terminal import console, errors, errors_for_a_person, escape
from processing.reporting.snapshots import parse_moment
from reports import REPORTS

_PAGE: Final = Path("report.html")


def report(
    context: typer.Context,
    name: Annotated[
        str,
        typer.Argument(
            help="Name of the report to compute. Default: write the page of the last run.",
            autocompletion=lambda: [*REPORTS],
        ),
    ] = "",
    as_of: Annotated[
        str, typer.Option(help="Compute the report from the rows of this time, or of the snapshot with this id.")
    ] = "",
    output: Annotated[
        Path | None, typer.Option(help="The file to write: HTML for the page; .csv or .parquet for a report.")
    ] = None,
    replace: Annotated[  # noqa: FBT002 - a flag
        bool,
        typer.Option(
            "--replace", help="Replace the team's files with the result. The next change of an input overwrites them."
        ),
    ] = False,
    as_json: AsJson = False,  # noqa: FBT002 - a flag
) -> None:
    """Write an HTML page of the last run: flow, quarantine, freshness and a chart of each report.

    With the name of a report, compute this report, and show its first rows and
    the available snapshots of its inputs. The team's files do not change unless
    you give --replace. Example: `report revenue_by_day_and_model --as-of
    2026-11-22T05:00:00Z`.
    """
    if not name:
        if as_of or replace:
            raise InvalidInputError("--as-of and --replace apply to one report; name the report")
        check_can_be_written(output or _PAGE)
        _write_page(target_of(context), output or _PAGE, as_json=as_json)
        return
    known_report(name)
    if as_of:
        a_moment(as_of)
    if output is not None:
        check_format(output)
        check_can_be_written(output)
    target = target_of(context)
    if replace:
        arguments = {"--report": name, "--force": "true", **({"--as-of": as_of} if as_of else {})}
        with JobRuns(new_runner(target, as_json=as_json), as_json=as_json) as runs:
            runs.run(target.exports["martJob"], arguments)
        return
    with errors_for_a_person(), errors.status(f"computing {escape(name)}"):
        found = recompute(target, name, parse_moment(as_of) if as_of else None)
        if output is not None:
            write_rows(output, found.rows)
    _show(found, output, as_json=as_json)


def _write_page(target: Target, output: Path, *, as_json: bool) -> None:
    with errors.status("reading the index"):
        page = render_page(target.stack, dataset_facts(target), report_facts(target))
        # The page shows refused rows.
        write_private(output, page)
        behind = waiting_events(target)
    if as_json:
        print_json({"written": output.absolute(), "bytes": len(page.encode()), "behind": behind})
    else:
        console.print(f"wrote {output}", highlight=False, soft_wrap=True)
        show_behind(behind)


def _show(found: Recomputed, output: Path | None, *, as_json: bool) -> None:
    if as_json:
        rows = {"written": output.absolute()} if output else {"rows": found.rows.to_dicts()}
        print_json({**rows, "row_count": found.rows.height, "snapshots": [*found.snapshots]})
        return
    if output is None:
        table = Table(*map(escape, found.rows.columns))
        for row in found.rows.head(SHOWN_ROWS).iter_rows():
            table.add_row(*(escape(str(value)) for value in row))
        console.print(table)
    else:
        console.print(f"wrote {output}", highlight=False, soft_wrap=True)
    shown = min(found.rows.height, SHOWN_ROWS)
    console.print(counted(found.rows.height, "row") + (f", {shown} shown" if output is None else ""))
    for each in found.snapshots:
        console.print(f"snapshot {each.in_words}", highlight=False, soft_wrap=True)
