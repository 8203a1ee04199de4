"""EventBridge Scheduler: schedules and their groups."""

from typing import Final

from local.engine.handler import Created, Handler, Request

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
    response = request.call("scheduler", "create_schedule", Name=name, **request.pascal(*_SCHEDULE))
    return Created(f"{group}/{name}", {"name": name, "groupName": group, "arn": response["ScheduleArn"]})


HANDLERS: Final = {
    "aws:scheduler/scheduleGroup:ScheduleGroup": Handler(_create_group, accepts=("name", "tags")),
    "aws:scheduler/schedule:Schedule": Handler(_create_schedule, accepts=("name", *_SCHEDULE)),
}
