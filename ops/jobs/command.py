"""The command `run`: runs a job, or the whole workflow in its deployed order."""

from typing import Annotated, Final

import typer

from ops.jobs.arguments import JOB_ARGUMENTS, job_arguments
from ops.jobs.role_process import RunFailedError
from ops.jobs.runner import JobRuns, new_runner
from ops.jobs.workflow import FAILED, SUCCEEDED, read_triggers, walk
from ops.stack.checks import one_of
from ops.stack.choice import target_of
from ops.stack.json_output import AsJson
from ops.stack.prefixes import inbound_key
from ops.stack.target import Target

_WORKFLOW: Final = "refine"


def run(
    context: typer.Context,
    job: Annotated[
        str,
        typer.Argument(
            help="warehouse, sanitise, publish, mart, maintenance, or refine (warehouse, then mart).",
            autocompletion=lambda: [*JOB_ARGUMENTS],
        ),
    ],
    as_json: AsJson = False,  # noqa: FBT002 - a flag
) -> None:
    """Run a job or the workflow, and wait until it ends.

    warehouse processes new objects. With --object KEY, or --from and --to
    (days), it processes landed objects again.

    sanitise processes the objects of --dataset vehicles or --object KEY again.
    --only refused, --from and --to narrow this selection.

    publish merges new history files into the published tables. --rebuild writes
    the tables again from all history files. --dataset vehicles selects one
    dataset.

    mart computes the reports whose inputs have changed. --force computes all
    reports, --report customers_by_fleet_size computes one, and --as-of TIME
    computes one from earlier rows.

    maintenance drops old snapshots and deletes files that no table needs.
    --dry-run only reports them.

    refine runs warehouse, then mart, and accepts no options.
    """
    arguments = job_arguments(one_of(job, JOB_ARGUMENTS, "job"), context.args)
    target = target_of(context)
    if "--object" in arguments:
        arguments["--object"] = inbound_key(target, arguments["--object"])
    with JobRuns(new_runner(target, as_json=as_json), as_json=as_json) as runs:
        if job == _WORKFLOW:
            _run_workflow(target, runs)
        else:
            runs.run(target.exports[f"{job}Job"], arguments)


def _run_workflow(target: Target, runs: JobRuns) -> None:
    triggers = read_triggers(target.client("glue"), target.exports["refineWorkflow"])
    failures: list[RunFailedError] = []

    def run_one(name: str) -> str:
        try:
            runs.run(name)
        except RunFailedError as error:
            failures.append(error)
            return FAILED
        return SUCCEEDED

    for _ in walk(triggers, run_one):
        pass
    if failures:
        raise failures[0]
