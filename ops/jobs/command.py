"""The command `run`: a job, or the workflow in its deployed order."""

from typing import Annotated, Final

import typer

from ops.jobs.as_process import ProcessRunner
from ops.jobs.on_glue import GlueRunner
from ops.jobs.role_process import RunFailedError
from ops.jobs.runner import new_runner, run_job
from ops.jobs.workflow import FAILED, SUCCEEDED, read_triggers, walk
from ops.stack.target import Target
from ops.stack.terminal import console, errors_for_a_person

_JOB_ARGUMENTS: Final = {
    "warehouse": ("--dataset", "--object", "--from", "--to"),
    "sanitise": ("--dataset", "--object", "--from", "--to", "--only"),
    "mart": ("--report",),
    "refine": (),
}


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
