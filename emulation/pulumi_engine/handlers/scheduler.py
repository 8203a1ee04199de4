"""EventBridge Scheduler: schedules and their groups."""

from collections.abc import Mapping
from typing import Any, Final

from emulation.pulumi_engine.handler import Created, Handler, Request

_SCHEDULE: Final = (
    "actionAfterCompletion",
    "description",
    "endDate",
    "flexibleTimeWindow",
    "groupName",
    "kmsKeyArn",
    "scheduleExpression",
    "scheduleExpressionTimezone",
    "startDate",
    "state",
    "target",
)


def _create_group(request: Request) -> Created:
    name = request.physical_name()
    response = request.call("scheduler", "create_schedule_group", Name=name, Tags=request.tag_list)
    return Created(name, {"name": name, "arn": response["ScheduleGroupArn"]})


def _create_schedule(request: Request) -> Created:
    name, group = request.physical_name(), request.inputs.get("groupName", "default")
    parameters = request.pascal(*_SCHEDULE)
    network = parameters["Target"].get("EcsParameters", {}).pop("NetworkConfiguration", None)
    if network is not None:
        parameters["Target"]["EcsParameters"]["NetworkConfiguration"] = {"awsvpcConfiguration": _vpc(network)}
    response = request.call("scheduler", "create_schedule", Name=name, **parameters)
    return Created(f"{group}/{name}", {"name": name, "groupName": group, "arn": response["ScheduleArn"]})


def _vpc(network: Mapping[str, Any]) -> dict[str, Any]:
    """Where a task runs: Pulumi has one level less, and a switch where the API has a word."""
    public = "ENABLED" if network.get("AssignPublicIp") else "DISABLED"
    return {**network, "AssignPublicIp": public}


HANDLERS: Final = {
    "aws:scheduler/scheduleGroup:ScheduleGroup": Handler(_create_group, accepts=("name", "tags")),
    "aws:scheduler/schedule:Schedule": Handler(_create_schedule, accepts=("name", *_SCHEDULE)),
}
