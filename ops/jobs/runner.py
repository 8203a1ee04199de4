"""Runs jobs for a person, who sees their log, or for a program, which reads their results."""

from collections.abc import Mapping
from typing import Any, Self

from lake.stacks import LOCAL_STACK
from ops.jobs.as_process import ProcessRunner
from ops.jobs.log_lines import readable_line
from ops.jobs.on_glue import GlueRunner
from ops.jobs.role_process import RunFailedError
from ops.jobs.workflow import FAILED, SUCCEEDED
from ops.stack.json_output import print_json
from ops.stack.target import Target
from ops.stack.terminal import errors, words_to


def new_runner(target: Target, *, as_json: bool) -> ProcessRunner | GlueRunner:
    """Return the runner of the stack's jobs, which shows the log of local jobs.

    Args:
        target: the stack.
        as_json: print the raw log to stderr, for programs.
    """
    words = words_to(as_json=as_json)

    def show(line: str) -> None:
        words.print(line if as_json else readable_line(line), highlight=False, markup=False, soft_wrap=True)

    return ProcessRunner(target, on_line=show) if target.stack == LOCAL_STACK else GlueRunner(target)


class JobRuns:
    """Runs jobs one after another. As a context manager, it finally prints the command's JSON document."""

    def __init__(
        self, runner: ProcessRunner | GlueRunner, *, as_json: bool, also: Mapping[str, Any] | None = None
    ) -> None:
        """Prepare the runs.

        Args:
            runner: runs the jobs.
            as_json: print a document.
            also: further members of the document.
        """
        self._runner, self._as_json, self._also = runner, as_json, also or {}
        self._ended: list[dict[str, str]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        # A program can read which jobs ran even if one failed.
        if self._as_json and (kind is None or issubclass(kind, RunFailedError)):
            print_json({**self._also, "jobs": self._ended})

    def run(self, name: str, arguments: Mapping[str, str] | None = None) -> None:
        """Run one job until it ends, and report the result.

        Raises:
            RunFailedError: the job did not succeed.
        """
        try:
            with errors.status(f"running {name}"):
                self._runner.run(name, arguments or {})
        except RunFailedError:
            self._say(name, FAILED)
            raise
        self._say(name, SUCCEEDED)

    def _say(self, name: str, state: str) -> None:
        self._ended.append({"job": name, "state": state})
        words_to(as_json=self._as_json).print(f"{name} {state}", highlight=False, soft_wrap=True)
