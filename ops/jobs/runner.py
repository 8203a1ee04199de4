"""Runs jobs for a person, who sees what they say."""

from collections.abc import Mapping

from lake.stacks import LOCAL_STACK
from ops.jobs.as_process import ProcessRunner
from ops.jobs.log_lines import readable_line
from ops.jobs.on_glue import GlueRunner
from ops.jobs.workflow import SUCCEEDED
from ops.stack.target import Target
from ops.stack.terminal import console


def new_runner(target: Target, *, as_json: bool) -> ProcessRunner | GlueRunner:
    """What runs jobs of the stack, and shows the local ones' log.

    Args:
        target: the stack.
        as_json: the log as it is, for programs.
    """

    def show(line: str) -> None:
        shown = line if as_json else readable_line(line)
        console.print(shown, highlight=False, markup=False, soft_wrap=True)

    return ProcessRunner(target, on_line=show) if target.stack == LOCAL_STACK else GlueRunner(target)


def run_job(runner: ProcessRunner | GlueRunner, name: str, arguments: Mapping[str, str] | None = None) -> None:
    """Run one job to its end and say so.

    Raises:
        RunFailedError: it did not succeed.
    """
    with console.status(f"running {name}"):
        runner.run(name, arguments or {})
    console.print(f"{name} {SUCCEEDED}", highlight=False)
