"""EventBridge Scheduler: schedules and their groups."""

from collections.abc import Mapping
from typing import Any, Final

from emulation.pulumi_engine.casing import camel_keys
from emulation.pulumi_engine.drift import like
from emulation.pulumi_engine.handler import Created, Handler, Request, Standing, removes

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
    name = request.inputs["name"]
    response = request.call("scheduler", "create_schedule_group", Name=name, Tags=request.tag_list)
    return Created(name, {"name": name, "arn": response["ScheduleGroupArn"]})


def _create_schedule(request: Request) -> Created:
    name, group = request.inputs["name"], request.inputs.get("groupName", "default")
    response = request.call("scheduler", "create_schedule", Name=name, **_parameters(request))
    return Created(f"{group}/{name}", {"name": name, "groupName": group, "arn": response["ScheduleArn"]})


def _update_schedule(request: Request, _standing: Standing) -> None:
    request.call("scheduler", "update_schedule", Name=request.inputs["name"], **_parameters(request))


def _parameters(request: Request) -> dict[str, Any]:
    parameters = request.pascal(*_SCHEDULE)
    network = parameters["Target"].get("EcsParameters", {}).pop("NetworkConfiguration", None)
    if network is not None:
        parameters["Target"]["EcsParameters"]["NetworkConfiguration"] = {"awsvpcConfiguration": _vpc(network)}
    return parameters


def _read_schedule(request: Request, standing: Standing) -> dict[str, Any]:
    """Return the schedule's settings, limited to the inputs that the program sets."""
    group, _, name = standing.id.partition("/")
    found = camel_keys(request.call("scheduler", "get_schedule", GroupName=group, Name=name))
    ecs = found["target"].get("ecsParameters", {})
    if network := ecs.get("networkConfiguration"):
        vpc = network["awsvpcConfiguration"]
        ecs["networkConfiguration"] = {**vpc, "assignPublicIp": vpc.get("assignPublicIp") == "ENABLED"}
    return {name: like(request.inputs[name], found.get(name)) for name in _SCHEDULE if name in request.inputs}


def _vpc(network: Mapping[str, Any]) -> dict[str, Any]:
    """Return a task's network. Pulumi has one level less, and a boolean where the API has a word."""
    public = "ENABLED" if network.get("AssignPublicIp") else "DISABLED"
    return {**network, "AssignPublicIp": public}


HANDLERS: Final = {
    "aws:scheduler/scheduleGroup:ScheduleGroup": Handler(
        _create_group,
        accepts=("name", "tags"),
        delete=removes("scheduler", "delete_schedule_group", Name="id"),
    ),
    "aws:scheduler/schedule:Schedule": Handler(
        _create_schedule,
        accepts=("name", *_SCHEDULE),
        update=_update_schedule,
        delete=removes("scheduler", "delete_schedule", GroupName="groupName", Name="name"),
        read=_read_schedule,
    ),
}
