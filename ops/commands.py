"""A person's commands on a deployed stack."""

import json
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from typer.core import TyperGroup

from datasets import DATASETS
from ops.access.matrix import ACTIONS, Decision, access_matrix
from ops.access.page import markdown
from ops.access.policies import read_policies
from ops.dead_letters.command import redrive
from ops.ingest.collect import collect
from ops.ingest.extract import extract
from ops.ingest.servers import start_sources, stop_sources
from ops.jobs.command import run
from ops.jobs.log_lines import readable_line
from ops.jobs.replay import replay
from ops.quarantine.command import app as quarantine_app
from ops.reconcile.command import reconcile
from ops.run_report.facts import dataset_facts, report_facts
from ops.run_report.page import render_page
from ops.runs.command import runs
from ops.stack.object_index import behind_in_words, show_behind
from ops.stack.private_files import write_private
from ops.stack.target import Target, TargetError, find_target
from ops.stack.terminal import console, errors_for_a_person, escape, new_table
from ops.status.command import status
from ops.trace.command import trace
from ops.trial.command import try_declaration

_ASKS_FOR_HELP: Final = "ops.asks_for_help"
_TRY: Final = "try"
"""The one command that works on files alone."""


class _Commands(TyperGroup):
    """The commands. Their help is told without a stack, too."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - typer's own click
        ctx.meta[_ASKS_FOR_HELP] = "--help" in args
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=_Commands, no_args_is_help=True, add_completion=False, help="Commands on a deployed stack, by its exports."
)
app.command(_TRY)(try_declaration)
app.command("status")(status)
app.command("runs")(runs)
app.command("trace")(trace)
app.command("redrive")(redrive)
app.command("replay")(replay)
app.command("reconcile")(reconcile)
# What it does not know are the job's arguments.
app.command("run", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(run)
app.add_typer(quarantine_app, name="quarantine")


class Action(StrEnum):
    """What is done with source servers."""

    STOP = "stop"
    START = "start"


@app.callback()
def choose_stack(
    context: typer.Context,
    stack: Annotated[str, typer.Option(help="The stack: local, dev or prod. Only `try` needs none.")] = "",
    state_dir: Annotated[Path, typer.Option(help="Directory of a local platform.")] = Path(".local"),
) -> None:
    """Find the stack that the command works on."""
    if context.meta[_ASKS_FOR_HELP] or context.invoked_subcommand == _TRY:
        return
    if not stack:
        raise typer.BadParameter("missing: name the stack, such as --stack local", param_hint="--stack")
    with errors_for_a_person():
        context.obj = find_target(stack, state_dir)


@app.command()
def outputs(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for programs.")] = False,  # noqa: FBT002 - a flag
) -> None:
    """What the stack exports."""
    target: Target = context.obj
    if as_json:
        typer.echo(json.dumps(target.exports, indent=2))
        return
    table = new_table(target, "export", "value")
    for name, value in sorted(target.exports.items()):
        lines = value if isinstance(value, str) else json.dumps(value, indent=1)
        table.add_row(name, "\n".join(map(escape, lines.split("\n"))))
    console.print(table)


@app.command()
def events_key(
    context: typer.Context,
    provider: Annotated[str | None, typer.Argument(help="Who posts. Default: the first by name.")] = None,
) -> None:
    """Print the API key of one of the stream's providers, which SSM keeps, and nothing else."""
    target: Target = context.obj
    with errors_for_a_person():
        parameters = target.exports["eventsApiKeyParameters"]
        name = provider or min(parameters)
        if name not in parameters:
            raise TargetError(f"no provider {name!r} posts to this stack; there are {', '.join(sorted(parameters))}")
        parameter = target.client("ssm").get_parameter(Name=parameters[name], WithDecryption=True)
    typer.echo(parameter["Parameter"]["Value"])


@app.command()
def report(
    context: typer.Context,
    output: Annotated[Path, typer.Option(help="The file to write.")] = Path("report.html"),
) -> None:
    """Write one HTML page of the last run: flow, quarantine, freshness and a chart of each report."""
    target: Target = context.obj
    with errors_for_a_person(), console.status("reading the index"):
        page = render_page(target.stack, dataset_facts(target), report_facts(target))
        # It shows refused rows.
        write_private(output, page)
        show_behind(behind_in_words(target))
    console.print(f"written: {output}", highlight=False, soft_wrap=True)


@app.command()
def sources(
    context: typer.Context, action: Annotated[Action, typer.Argument(help="What to do with the servers.")]
) -> None:
    """Stop or start the source servers that the stack runs itself, as a demo does; what they cost ends with them."""
    change = {Action.STOP: stop_sources, Action.START: start_sources}[action]
    with errors_for_a_person():
        for each in change(context.obj):
            console.print(f"{each.server}: {each.desired} wanted, {each.running} running", highlight=False)


@app.command()
def access(
    context: typer.Context,
    principal: Annotated[str, typer.Option(help="Only roles with this in their names.")] = "",
    everything: Annotated[bool, typer.Option("--all", help="Also what a role may not do at all.")] = False,  # noqa: FBT002 - a flag
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for programs.")] = False,  # noqa: FBT002 - a flag
    as_markdown: Annotated[bool, typer.Option("--markdown", help="A row for each role, for a page.")] = False,  # noqa: FBT002 - a flag
) -> None:
    """Who may do what under which prefix, and the statement that decides: read from the deployed policies."""
    target: Target = context.obj
    with errors_for_a_person(), console.status("reading the policies"):
        rows = access_matrix(read_policies(target), sorted(DATASETS), sorted(target.exports["teamRoleArns"]))
    shown = [
        row
        for row in rows
        if principal in row.role and (everything or any(each.allowed for each in row.decisions.values()))
    ]
    if as_json:
        typer.echo(json.dumps([asdict(row) for row in shown], indent=2))
        return
    if as_markdown:
        typer.echo(markdown(shown, target.stack))
        return
    table = new_table(target, "role", "prefix", *ACTIONS)
    for row in shown:
        table.add_row(row.role, row.prefix, *(_decided(each) for each in row.decisions.values()))
    console.print(table)
    console.print(
        "a statement's id: allowed by it; no and an id: denied by it; -: no statement allows it", highlight=False
    )


@app.command("collect")
def collect_now(
    context: typer.Context,
    dataset: str,
    accept_columns: Annotated[bool, typer.Option(help="Table: accept its columns as they are now.")] = False,  # noqa: FBT002 - a flag
    accept_empty: Annotated[bool, typer.Option(help="Table: accept that it no longer has rows.")] = False,  # noqa: FBT002 - a flag
    whole_table: Annotated[bool, typer.Option(help="Table: extract all of it, and continue from there.")] = False,  # noqa: FBT002 - a flag
    lower: Annotated[str, typer.Option("--from", help="Table: extract from this watermark on instead.")] = "",
    upper: Annotated[str, typer.Option("--to", help="Table: up to this watermark, inclusive.")] = "",
) -> None:
    """Collect a dataset now, as its schedule would: files by SFTP, tables by SQL."""
    target: Target = context.obj
    given = {"--accept-columns": accept_columns, "--accept-empty": accept_empty, "--whole-table": whole_table}
    ends = {"--from": lower, "--to": upper}
    options = [option for option, is_given in given.items() if is_given]
    options += [word for option, end in ends.items() if end for word in (option, end)]
    if dataset in target.exports["extractionSchedules"]:
        with errors_for_a_person():
            extract(
                target,
                dataset,
                lambda line: console.print(readable_line(line), highlight=False, markup=False),
                options,
            )
        return
    if options:
        raise typer.BadParameter(f"{' '.join(options)}: {dataset} is not extracted from a SQL Server")
    with errors_for_a_person(), console.status(f"collecting {dataset}"):
        summary = collect(context.obj, dataset)
    for landed in summary["collected"]:
        source, key = escape(landed["source"]), escape(landed["key"])
        console.print(f"collected {source} to {key} ({landed['bytes']:,} bytes)", highlight=False)
    left_out = "".join(
        f", {count} left out ({reason.replace('_', ' ')})" for reason, count in summary["left_out"].items() if count
    )
    console.print(f"{len(summary['collected'])} collected, {summary['unchanged']} unchanged{left_out}")


def _decided(decision: Decision) -> str:
    if decision.allowed:
        return escape(decision.statement)
    return escape(f"no: {decision.statement}") if decision.statement else "-"
