"""The command `report`: one HTML page of the last run."""

from pathlib import Path
from typing import Annotated

import typer

from ops.run_report.facts import dataset_facts, report_facts
from ops.run_report.page import render_page
from ops.stack.checks import check_can_be_written
from ops.stack.choice import target_of
from ops.stack.json_output import AsJson, print_json
from ops.stack.object_index import show_behind, waiting_events
from ops.stack.private_files import write_private
from ops.stack.terminal import console, errors


def report(
    context: typer.Context,
    output: Annotated[Path, typer.Option(help="The file to write.")] = Path("report.html"),
    as_json: AsJson = False,  # noqa: FBT002 - a flag
) -> None:
    """Write one HTML page of the last run: flow, quarantine, freshness and a chart of each report."""
    check_can_be_written(output)
    target = target_of(context)
    with errors.status("reading the index"):
        page = render_page(target.stack, dataset_facts(target), report_facts(target))
        # It shows refused rows.
        write_private(output, page)
        behind = waiting_events(target)
    if as_json:
        print_json({"written": output.absolute(), "bytes": len(page.encode()), "behind": behind})
    else:
        console.print(f"written: {output}", highlight=False, soft_wrap=True)
        show_behind(behind)
