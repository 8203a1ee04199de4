"""Starts a dataset's SQL extraction by hand: the very target of its schedule, with the schedule's own input."""

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from lake.stacks import LOCAL_STACK
from ops.jobs.role_process import RunFailedError, assume, environment_of, execute, working_folder
from ops.stack.target import Target

_ROOT: Final = Path(__file__).resolve().parents[2]
_MODULE: Final = "jobs.extract_from_sql"


def extract(target: Target, dataset: str, on_line: Callable[[str], None], options: Sequence[str] = ()) -> None:
    """Extract one dataset now and wait for the end.

    On AWS the task is run by ECS. The emulator runs no containers, so there the image's program is run as a process,
    under the task's role and with the same arguments.

    Args:
        target: the deployed stack.
        dataset: its name.
        on_line: called with each line that the task logs, in a local stack.
        options: arguments of the task beside the schedule's own, such as "--accept-empty".

    Raises:
        RunFailedError: the task ended with an error, or did not start.
    """
    scheduled = _with_options(_scheduled(target, dataset), options)
    if target.stack == LOCAL_STACK:
        _run_as_process(target, scheduled, on_line)
    else:
        _wait_for(target, scheduled["Arn"], _start_on_ecs(target, scheduled))


def start_extraction(target: Target, dataset: str) -> None:
    """Start one dataset's extraction, without waiting for what ECS runs: what fails there is told to the alarm topic.

    Raises:
        RunFailedError: the task did not start; in a local stack, which runs it as a process, also that it failed.
    """
    scheduled = _scheduled(target, dataset)
    if target.stack == LOCAL_STACK:
        _run_as_process(target, scheduled, lambda _: None)
    else:
        _start_on_ecs(target, scheduled)


def _scheduled(target: Target, dataset: str) -> dict[str, Any]:
    schedules = target.exports["extractionSchedules"]
    if dataset not in schedules:
        raise RunFailedError(
            f"the stack {target.stack!r} does not have a schedule that extracts {dataset!r}; deploy this "
            "version of the program"
        )
    group, name = schedules[dataset].split("/")
    return target.client("scheduler").get_schedule(GroupName=group, Name=name)["Target"]


def _with_options(scheduled: dict[str, Any], options: Sequence[str]) -> dict[str, Any]:
    overrides = json.loads(scheduled["Input"])
    [override] = overrides["containerOverrides"]
    override["command"] += options
    return {**scheduled, "Input": json.dumps(overrides)}


def _run_as_process(target: Target, scheduled: dict[str, Any], on_line: Callable[[str], None]) -> None:
    task_definition = scheduled["EcsParameters"]["TaskDefinitionArn"]
    definition = target.client("ecs").describe_task_definition(taskDefinition=task_definition)["taskDefinition"]
    [override] = json.loads(scheduled["Input"])["containerOverrides"]
    session = assume(target, definition["taskRoleArn"], definition["family"])
    # The image holds the same two folders under /app.
    environment = environment_of(target, session, f"{_ROOT}:{_ROOT / 'platform'}")
    with working_folder(target, "extraction-") as folder:
        command = [sys.executable, "-m", _MODULE, *override["command"]]
        execute(definition["family"], command, environment, Path(folder), on_line)


def _start_on_ecs(target: Target, scheduled: dict[str, Any]) -> str:
    """ARN of the task that ECS has started."""
    parameters = scheduled["EcsParameters"]
    network = parameters["NetworkConfiguration"]["awsvpcConfiguration"]
    started = target.client("ecs").run_task(
        cluster=scheduled["Arn"],
        taskDefinition=parameters["TaskDefinitionArn"],
        launchType=parameters["LaunchType"],
        networkConfiguration={
            "awsvpcConfiguration": {name[:1].lower() + name[1:]: value for name, value in network.items()}
        },
        overrides=json.loads(scheduled["Input"]),
    )
    if started["failures"]:
        raise RunFailedError(f"ECS did not start the task: {started['failures']}")
    [task] = started["tasks"]
    return str(task["taskArn"])


def _wait_for(target: Target, cluster: str, task: str) -> None:
    ecs = target.client("ecs")
    ecs.get_waiter("tasks_stopped").wait(cluster=cluster, tasks=[task])
    [stopped] = ecs.describe_tasks(cluster=cluster, tasks=[task])["tasks"]
    codes = [container.get("exitCode") for container in stopped["containers"]]
    if codes != [0]:
        raise RunFailedError(f"the task {task} ended with {codes}: {stopped.get('stoppedReason', 'see its log')}")
