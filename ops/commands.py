"""A person's commands on a deployed stack."""

import json
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.markup import escape

from jobs.datasets import DATASETS
from ops.access import ACTIONS, Decision, access_matrix
from ops.collection import collect
from ops.deployed_policies import read_policies
from ops.extraction import extract
from ops.glue_runner import GlueRunner
from ops.job_lines import readable_line
from ops.job_steps import new_runner, run_job
from ops.process_runner import ProcessRunner
from ops.quarantine_commands import app as quarantine_app
from ops.redrive_command import redrive
from ops.replay_command import replay
from ops.role_process import RunFailedError
from ops.run_report.facts import dataset_facts, report_facts
from ops.run_report.page import render_page
from ops.sources import start_sources, stop_sources
from ops.status import DatasetStatus, dataset_statuses
from ops.target import Target, find_target
from ops.terminal import console, errors_for_a_person, new_table
from ops.workflow import FAILED, SUCCEEDED, read_triggers, walk

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Commands on a deployed stack, by its exports.")
app.command("redrive")(redrive)
app.command("replay")(replay)
app.add_typer(quarantine_app, name="quarantine")


class Action(StrEnum):
    """What is done with source servers."""

    STOP = "stop"
    START = "start"


_JOB_ARGUMENTS: Final = {
    "warehouse": ("--dataset", "--object", "--from", "--to"),
    "sanitise": ("--dataset", "--object", "--from", "--to", "--only"),
    "mart": ("--report",),
    "refine": (),
}


@app.callback()
def choose_stack(
    context: typer.Context,
    stack: Annotated[str, typer.Option(help="The stack: local, dev or prod.")],
    state_dir: Annotated[Path, typer.Option(help="Directory of a local platform.")] = Path(".local"),
) -> None:
    """Find the stack that the command works on."""
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
        table.add_row(name, escape(value if isinstance(value, str) else json.dumps(value, indent=1)))
    console.print(table)


@app.command()
def status(context: typer.Context) -> None:
    """What landed of each dataset, what became of it, and what is late."""
    with errors_for_a_person(), console.status("reading the lake"):
        statuses = dataset_statuses(context.obj)
    table = new_table(
        context.obj, "dataset", "landed", "last, UTC", "waiting", "warehouse", "quarantined", "duplicate", "late"
    )
    for column in table.columns[3:7]:
        column.justify = "right"
    for entry in statuses:
        table.add_row(*_cells(entry))
    console.print(table)


@app.command()
def events_key(context: typer.Context) -> None:
    """Print the API key of the stream's first provider, which SSM keeps, and nothing else."""
    target: Target = context.obj
    with errors_for_a_person():
        parameter = target.client("ssm").get_parameter(
            Name=target.exports["eventsApiKeyParameter"], WithDecryption=True
        )
    typer.echo(parameter["Parameter"]["Value"])


@app.command()
def report(
    context: typer.Context,
    output: Annotated[Path, typer.Option(help="The file to write.")] = Path("report.html"),
) -> None:
    """Write one HTML page of the last run: flow, quarantine, freshness and a chart of each report."""
    target: Target = context.obj
    with errors_for_a_person(), console.status("reading the lake"):
        page = render_page(target.stack, dataset_facts(target), report_facts(target))
        output.write_text(page, encoding="utf-8")
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
    table = new_table(target, "role", "prefix", *ACTIONS)
    for row in shown:
        table.add_row(row.role, row.prefix, *(_decided(each) for each in row.decisions.values()))
    console.print(table)
    console.print(
        "a statement's id: allowed by it; no and an id: denied by it; -: no statement allows it", highlight=False
    )


@app.command("collect")
def collect_now(context: typer.Context, dataset: str) -> None:
    """Collect a dataset now, as its schedule would: files by SFTP, tables by SQL."""
    target: Target = context.obj
    if dataset in target.exports["extractionSchedules"]:
        with errors_for_a_person():
            extract(target, dataset, lambda line: console.print(readable_line(line), highlight=False, markup=False))
        return
    with errors_for_a_person(), console.status(f"collecting {dataset}"):
        summary = collect(context.obj, dataset)
    for landed in summary["collected"]:
        console.print(f"collected {landed['source']} to {landed['key']} ({landed['bytes']:,} bytes)", highlight=False)
    console.print(f"{len(summary['collected'])} collected, {summary['unchanged']} unchanged")


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def run(
    context: typer.Context,
    job: Annotated[str, typer.Argument(help="warehouse, sanitise, mart, or refine for warehouse and then mart.")],
    as_json: Annotated[bool, typer.Option("--json", help="The jobs' log as it is, for programs.")] = False,  # noqa: FBT002 - a flag
) -> None:
    """Run a job, or the workflow, and wait for the end.

    warehouse processes what is new; with --object KEY, --from and --to (days) what is there already, once more.
    sanitise processes once more what --dataset vehicles or --object KEY names; --only refused, --from and --to narrow
    it down. mart takes --report customers_by_fleet_size, refine takes nothing.
    """
    target: Target = context.obj
    names = {name: target.exports[f"{name}Job"] for name in ("warehouse", "sanitise", "mart")}
    if job not in {*names, "refine"}:
        raise typer.BadParameter(f"there is no job {job!r}; there are {', '.join(names)} and refine")
    arguments = _job_arguments(job, context.args)
    runner = new_runner(target, as_json=as_json)
    with errors_for_a_person():
        if job == "refine":
            _run_workflow(target, runner)
        else:
            run_job(runner, names[job], arguments)


def _run_workflow(target: Target, runner: ProcessRunner | GlueRunner) -> None:
    triggers = read_triggers(target.client("glue"), target.exports["refineWorkflow"])
    failures: list[RunFailedError] = []

    def run_one(name: str) -> str:
        try:
            with console.status(f"running {name}"):
                runner.run(name)
        except RunFailedError as error:
            failures.append(error)
            return FAILED
        return SUCCEEDED

    for name, state in walk(triggers, run_one):
        console.print(f"{name} {state}")
    if failures:
        raise failures[0]


def _job_arguments(job: str, words: list[str]) -> dict[str, str]:
    """What is passed on. A job itself passes over what it does not know, since Glue adds arguments of its own."""
    known = _JOB_ARGUMENTS[job]
    if unknown := [word for word in words[::2] if word not in known]:
        takes = f"it takes {', '.join(known)}" if known else "it takes no arguments"
        raise typer.BadParameter(f"{job} does not know {' '.join(unknown)}: {takes}")
    if len(words) % 2:
        raise typer.BadParameter(f"{words[-1]} needs a value")
    # Glue takes each argument once.
    if repeated := sorted({word for word in words[::2] if words[::2].count(word) > 1}):
        raise typer.BadParameter(f"{' and '.join(repeated)} can be given once; run {job} once for each value")
    return dict(zip(words[::2], words[1::2], strict=True))


def _decided(decision: Decision) -> str:
    if decision.allowed:
        return escape(decision.statement)
    return escape(f"no: {decision.statement}") if decision.statement else "-"


def _cells(entry: DatasetStatus) -> tuple[str, ...]:
    last = f"{entry.last_landed:%Y-%m-%d %H:%M}" if entry.last_landed else "never"
    counts = (entry.waiting, entry.rows_warehouse, entry.rows_quarantined, entry.rows_duplicate)
    return (entry.dataset, f"{entry.landed:,}", last, *(f"{count:,}" for count in counts), "late" if entry.late else "")
