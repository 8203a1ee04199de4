"""The order of the jobs, read from the deployed Glue workflow: one authority, the program."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ops.stack.errors import OperatorError

SUCCEEDED: Final = "SUCCEEDED"
FAILED: Final = "FAILED"
_STARTING_TYPES: Final = {"EVENT", "ON_DEMAND", "SCHEDULED"}


class WorkflowError(OperatorError):
    """The workflow cannot be walked as it is deployed."""


@dataclass(frozen=True, slots=True)
class Trigger:
    """One deployed trigger: what it starts, and after which ends of which jobs."""

    name: str
    jobs: tuple[str, ...]
    starts_the_workflow: bool
    logical: str
    """Whether all conditions have to hold ("AND") or one ("ANY")."""
    conditions: tuple[tuple[str, str], ...]
    """Job name and the state that it has to end in."""

    def fires(self, ended: dict[str, str]) -> bool:
        """Whether it fires once these jobs have ended in these states."""
        hold = [ended.get(job) == state for job, state in self.conditions]
        return bool(hold) and (all(hold) if self.logical == "AND" else any(hold))


def read_triggers(glue: Any, workflow: str) -> list[Trigger]:  # noqa: ANN401 - a boto3 client
    """The triggers of a deployed workflow.

    Raises:
        WorkflowError: it has none.
    """
    pages = glue.get_paginator("get_triggers").paginate()
    triggers = [
        _parse(trigger) for page in pages for trigger in page["Triggers"] if trigger.get("WorkflowName") == workflow
    ]
    if not triggers:
        raise WorkflowError(f"the workflow {workflow} does not have triggers; deploy the stack again")
    return triggers


def walk(triggers: Sequence[Trigger], run: Callable[[str], str]) -> Iterator[tuple[str, str]]:
    """Run the workflow's jobs in its order and yield each job with the state that it ended in.

    Args:
        triggers: the workflow's triggers.
        run: runs one job to its end and returns SUCCEEDED or FAILED.
    """
    ended: dict[str, str] = {}
    fired: set[str] = set()
    ready = [trigger for trigger in triggers if trigger.starts_the_workflow]
    while ready:
        for trigger in ready:
            fired.add(trigger.name)
            for job in trigger.jobs:
                ended[job] = run(job)
                yield job, ended[job]
        ready = [trigger for trigger in triggers if trigger.name not in fired and trigger.fires(ended)]


def _parse(trigger: dict[str, Any]) -> Trigger:
    predicate = trigger.get("Predicate") or {}
    return Trigger(
        name=trigger["Name"],
        jobs=tuple(action["JobName"] for action in trigger["Actions"]),
        starts_the_workflow=trigger["Type"] in _STARTING_TYPES,
        logical=predicate.get("Logical", "AND"),
        conditions=tuple((c["JobName"], c["State"]) for c in predicate.get("Conditions", [])),
    )
