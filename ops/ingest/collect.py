"""Starts a dataset's collection by hand: the very target of its schedule, with the schedule's own input."""

import json
import time
from typing import Any

from lake.parameters import FRESH
from ops.stack.errors import OperatorError
from ops.stack.target import Target


class CollectionRunError(OperatorError):
    """The collector reported files that it could not take, or failed as a whole."""


def collect(target: Target, dataset: str) -> dict[str, Any]:
    """Collect one dataset now and wait for the end.

    If files were too fresh, such as one that a person has just put there, it collects a second time.

    Returns:
        The collector's own summary of the last run, with the files that were collected by both.

    Raises:
        CollectionRunError: the dataset has no schedule, or the collector failed.
    """
    schedules = target.exports["collectionSchedules"]
    if dataset not in schedules:
        raise CollectionRunError(
            f"the stack {target.stack!r} does not have a schedule that collects {dataset!r}; deploy this "
            "version of the program"
        )
    group, name = schedules[dataset].split("/")
    schedule_target = target.client("scheduler").get_schedule(GroupName=group, Name=name)["Target"]
    first = _invoke(target, schedule_target["Arn"], schedule_target["Input"])
    if not first["left_out"]["too_fresh"]:
        return first
    # Until the files are old enough; only time makes them so.
    time.sleep(FRESH.total_seconds())
    second = _invoke(target, schedule_target["Arn"], schedule_target["Input"])
    return {**second, "collected": [*first["collected"], *second["collected"]]}


def _invoke(target: Target, function: str, event: str) -> dict[str, Any]:
    answer = target.client("lambda").invoke(FunctionName=function, Payload=event.encode())
    payload = json.loads(answer["Payload"].read())
    if "FunctionError" in answer:
        raise CollectionRunError(payload.get("errorMessage", str(payload)))
    return payload
