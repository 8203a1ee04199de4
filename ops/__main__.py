"""`python -m ops --stack NAME …`: a person's commands on a deployed stack."""

import json
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.table import Table

from lake.stacks import LOCAL_STACK
from ops.collection import CollectionRunError, collect
from ops.glue_runner import GlueRunner
from ops.process_runner import ProcessRunner, RunFailedError
from ops.status import DatasetStatus, dataset_statuses
from ops.target import Target, TargetError, find_target
from ops.workflow import FAILED, SUCCEEDED, WorkflowError, read_triggers, walk

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Commands on a deployed stack, by its exports.")
console = Console()
errors = Console(stderr=True)


@contextmanager
def _errors_for_a_person() -> Generator[None]:
    try:
        yield
    except (TargetError, WorkflowError, RunFailedError, CollectionRunError) as error:
        errors.print(f"[red]error:[/] {error}", highlight=False)
        raise typer.Exit(1) from error
    except (BotoCoreError, ClientError) as error:
        errors.print(f"[red]error:[/] AWS answered: {error}", highlight=False)
        raise typer.Exit(1) from error


@app.callback()
def choose_stack(
    context: typer.Context,
    stack: Annotated[str, typer.Option(help="The stack: local, dev or prod.")],
    state_dir: Annotated[Path, typer.Option(help="Directory of a local platform.")] = Path(".local"),
) -> None:
    """Find the stack that the command works on."""
    with _errors_for_a_person():
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
    table = Table("export", "value", title=f"Stack {target.stack}")
    for name, value in sorted(target.exports.items()):
        table.add_row(name, value if isinstance(value, str) else json.dumps(value, indent=1))
    console.print(table)


@app.command()
def status(context: typer.Context) -> None:
    """What landed of each dataset, what became of it, and what is late."""
    with _errors_for_a_person(), console.status("reading the lake"):
        statuses = dataset_statuses(context.obj)
    columns = (
        "dataset",
        "landed",
        "last landed (UTC)",
        "waiting",
        "rows in warehouse",
        "quarantined",
        "duplicate",
        "late",
    )
    table = Table(*columns, title=f"Stack {context.obj.stack}")
    for entry in statuses:
        table.add_row(*_cells(entry))
    console.print(table)


@app.command("collect")
def collect_now(context: typer.Context, dataset: str) -> None:
    """Collect a dataset now, as its schedule would."""
    with _errors_for_a_person(), console.status(f"collecting {dataset}"):
        summary = collect(context.obj, dataset)
    for landed in summary["collected"]:
        console.print(f"collected {landed['source']} to {landed['key']} ({landed['bytes']:,} bytes)", highlight=False)
    console.print(f"{len(summary['collected'])} collected, {summary['unchanged']} unchanged")


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def run(
    context: typer.Context,
    job: Annotated[str, typer.Argument(help="warehouse, mart, or refine for both in the workflow's order.")],
) -> None:
    """Run a job, or the workflow, and wait for the end. What follows is passed on, such as --dataset vehicles."""
    target: Target = context.obj
    names = {"warehouse": target.exports["warehouseJob"], "mart": target.exports["martJob"]}
    if job not in {*names, "refine"}:
        raise typer.BadParameter(f"there is no job {job!r}; there are {', '.join(names)} and refine")
    arguments = _pairs(context.args)
    runner = _runner(target)
    with _errors_for_a_person():
        if job == "refine":
            _run_workflow(target, runner)
        else:
            with console.status(f"running {names[job]}"):
                runner.run(names[job], arguments)
            console.print(f"{names[job]} {SUCCEEDED}")


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


def _runner(target: Target) -> ProcessRunner | GlueRunner:
    if target.stack == LOCAL_STACK:
        return ProcessRunner(target, on_line=lambda line: console.print(line, highlight=False, markup=False))
    return GlueRunner(target)


def _pairs(arguments: list[str]) -> dict[str, str]:
    if len(arguments) % 2 or any(not name.startswith("--") for name in arguments[::2]):
        raise typer.BadParameter("give a job's arguments as pairs, such as --dataset vehicles")
    return dict(zip(arguments[::2], arguments[1::2], strict=True))


def _cells(entry: DatasetStatus) -> tuple[str, ...]:
    last = f"{entry.last_landed:%Y-%m-%d %H:%M:%S}" if entry.last_landed else "never"
    counts = (entry.waiting, entry.rows_warehouse, entry.rows_quarantined, entry.rows_duplicate)
    return (entry.dataset, f"{entry.landed:,}", last, *(f"{count:,}" for count in counts), "late" if entry.late else "")


if __name__ == "__main__":
    app(prog_name="python -m ops")
