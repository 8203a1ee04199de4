"""Starts a dataset's SQL extraction by hand: the very target of its schedule, with the schedule's own input."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from lake.stacks import LOCAL_STACK
from ops.role_process import RunFailedError, assume, environment_of, execute, working_folder
from ops.target import Target

_ROOT: Final = Path(__file__).resolve().parent.parent
_MODULE: Final = "jobs.extract_from_sql"


def extract(target: Target, dataset: str, on_line: Callable[[str], None]) -> None:
    """Extract one dataset now and wait for the end.

    On AWS the task is run by ECS. The emulator runs no containers, so there the image's program is run as a process,
    under the task's role and with the same arguments.

    Raises:
        RunFailedError: the task ended with an error, or did not start.
    """
    group, name = target.exports["extractionSchedules"][dataset].split("/")
    scheduled = target.client("scheduler").get_schedule(GroupName=group, Name=name)["Target"]
    overrides = json.loads(scheduled["Input"])
    if target.stack == LOCAL_STACK:
        _run_as_process(target, scheduled["EcsParameters"]["TaskDefinitionArn"], overrides, on_line)
    else:
        _run_on_ecs(target, scheduled, overrides)


def _run_as_process(
    target: Target, task_definition: str, overrides: dict[str, Any], on_line: Callable[[str], None]
) -> None:
    definition = target.client("ecs").describe_task_definition(taskDefinition=task_definition)["taskDefinition"]
    [override] = overrides["containerOverrides"]
    session = assume(target, definition["taskRoleArn"], definition["family"])
    # The image holds the same two folders under /app.
    environment = environment_of(target, session, f"{_ROOT}:{_ROOT / 'platform'}")
    with working_folder(target, "extraction-") as folder:
        command = [sys.executable, "-m", _MODULE, *override["command"]]
        execute(definition["family"], command, environment, Path(folder), on_line)


def _run_on_ecs(target: Target, scheduled: dict[str, Any], overrides: dict[str, Any]) -> None:
    ecs = target.client("ecs")
    parameters = scheduled["EcsParameters"]
    network = parameters["NetworkConfiguration"]["awsvpcConfiguration"]
    started = ecs.run_task(
        cluster=scheduled["Arn"],
        taskDefinition=parameters["TaskDefinitionArn"],
        launchType=parameters["LaunchType"],
        networkConfiguration={
            "awsvpcConfiguration": {name[:1].lower() + name[1:]: value for name, value in network.items()}
        },
        overrides=overrides,
    )
    if started["failures"]:
        raise RunFailedError(f"ECS did not start the task: {started['failures']}")
    [task] = [task["taskArn"] for task in started["tasks"]]
    ecs.get_waiter("tasks_stopped").wait(cluster=scheduled["Arn"], tasks=[task])
    [stopped] = ecs.describe_tasks(cluster=scheduled["Arn"], tasks=[task])["tasks"]
    codes = [container.get("exitCode") for container in stopped["containers"]]
    if codes != [0]:
        raise RunFailedError(f"the task {task} ended with {codes}: {stopped.get('stoppedReason', 'see its log')}")
