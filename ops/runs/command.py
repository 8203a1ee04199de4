"""The command `runs`: what ran last, how it ended, and why it failed."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

import typer

from ops.jobs.local_log import RUNNING, STOPPED
from ops.jobs.workflow import FAILED
from ops.runs.jobs import job_runs
from ops.runs.ledger import collections, extractions
from ops.runs.model import KILLED, Run
from ops.stack.choice import target_of
from ops.stack.json_output import AsJson, print_json
from ops.stack.numbers import counted
from ops.stack.object_index import show_behind, waiting_events
from ops.stack.terminal import console, errors, errors_for_a_person, escape, new_table

_BAD: Final = frozenset({FAILED, KILLED, "TIMEOUT", "ERROR", STOPPED})


def runs(
    context: typer.Context,
    show: Annotated[int, typer.Option(min=1, max=200, help="Number of runs to show.")] = 20,
    failed: Annotated[bool, typer.Option("--failed", help="Only runs that did not succeed.")] = False,  # noqa: FBT002 - a flag
    as_json: AsJson = False,  # noqa: FBT002 - a flag
) -> None:
    """List the last runs, newest first: the last collection or extraction of each dataset, and the jobs.

    An object that a later run processed again counts only for the later run.
    """
    target = target_of(context)
    with errors_for_a_person(), errors.status("reading the ledger, Glue and the index"):
        found = [*collections(target), *extractions(target), *job_runs(target, show)]
        behind = waiting_events(target)
    newest = sorted(found, key=lambda run: run.started_at, reverse=True)
    shown = [run for run in newest if not failed or run.result in _BAD][:show]
    if as_json:
        print_json({"runs": shown, "behind": behind})
        return
    table = new_table(target, "started, UTC", "took", "what", "result", "did")
    for run in shown:
        result = f"[red]{run.result}[/]" if run.result in _BAD else run.result
        did = ": ".join(filter(None, (run.counts, run.error)))
        table.add_row(f"{run.started_at:%Y-%m-%d %H:%M:%S}", _took(run), escape(run.what), result, escape(did))
    console.print(table)
    console.print(f"{counted(len(shown), 'run')} shown", highlight=False)
    show_behind(behind)


def _took(run: Run) -> str:
    if run.result == RUNNING:
        return f"{_in_words(datetime.now(UTC) - run.started_at)} so far"
    return "" if run.duration is None else _in_words(run.duration)


def _in_words(duration: timedelta) -> str:
    seconds = duration.total_seconds()
    minute = 60
    return f"{seconds:.1f} s" if seconds < minute else f"{seconds // minute:,.0f} min {seconds % minute:.0f} s"
