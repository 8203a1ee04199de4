"""A person's commands on a deployed stack."""

from typing import Final

import typer

from ops.access.command import access
from ops.dead_letters.command import redrive
from ops.ingest.command import collect_now, sources
from ops.jobs.command import run
from ops.jobs.replay import replay
from ops.quarantine.command import app as quarantine_app
from ops.reconcile.command import reconcile
from ops.run_report.command import report
from ops.runs.command import runs
from ops.stack.choice import Choice, StackOption, StateDirectoryOption
from ops.stack.command_group import CommandGroup
from ops.stack.exports import events_key, outputs
from ops.status.command import status
from ops.trace.command import trace
from ops.trial.command import try_declaration

app: Final = typer.Typer(cls=CommandGroup, no_args_is_help=True, add_completion=False, help="Operate a deployed stack.")
app.command("status")(status)
app.command("runs")(runs)
app.command("trace")(trace)
app.command("collect")(collect_now)
# What it does not know are the job's arguments.
app.command("run", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(run)
app.command("replay")(replay)
app.command("reconcile")(reconcile)
app.add_typer(quarantine_app, name="quarantine")
app.command("redrive")(redrive)
app.command("report")(report)
app.command("outputs")(outputs)
app.command("events-key")(events_key)
app.command("access")(access)
app.command("sources")(sources)
app.command("try")(try_declaration)


@app.callback()
def choose_stack(
    context: typer.Context,
    stack: StackOption = None,
    state_dir: StateDirectoryOption = None,
) -> None:
    """Keep what the person said about the stack. `try` needs none."""
    context.obj = Choice(stack, state_dir)
