"""Starts a dataset's SQL extraction by hand, with the target and input of its schedule."""

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
    """Extract one dataset now and wait until it ends.

    On AWS, ECS runs the task. The emulator runs no containers, so locally the image's program runs as a process, under
    the task's role and with the same arguments.

    Args:
        target: the deployed stack.
        dataset: name of the dataset.
        on_line: called with each line of the task's log, in a local stack.
        options: further arguments of the task, such as "--accept-empty".

    Raises:
        RunFailedError: the task failed or did not start.
    """
    scheduled = _with_options(_scheduled(target, dataset), options)
    if target.stack == LOCAL_STACK:
        _run_as_process(target, scheduled, on_line)
    else:
        _wait_for(target, scheduled["Arn"], _start_on_ecs(target, scheduled))


def start_extraction(target: Target, dataset: str) -> None:
    """Start one dataset's extraction without waiting for ECS, which reports failures to the alarm topic.

    Raises:
        RunFailedError: the task did not start. In a local stack, which runs the task as a process, also if it failed.
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
    # The image has the same two folders under /app.
    environment = environment_of(target, session, f"{_ROOT}:{_ROOT / 'platform'}")
    with working_folder(target, "extraction-") as folder:
        command = [sys.executable, "-m", _MODULE, *override["command"]]
        execute(definition["family"], command, environment, Path(folder), on_line)


def _start_on_ecs(target: Target, scheduled: dict[str, Any]) -> str:
    """Return the ARN of the task that ECS started."""
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
