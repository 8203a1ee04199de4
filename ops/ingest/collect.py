"""Starts a dataset's collection by hand, with the target and input of its schedule."""

import json
import time
from typing import Any

from lake.parameters import FRESH
from ops.stack.errors import OperatorError
from ops.stack.target import Target


class CollectionRunError(OperatorError):
    """The collector could not collect some files, or failed as a whole."""


def collect(target: Target, dataset: str) -> dict[str, Any]:
    """Collect one dataset now and wait until it ends.

    If files were too recent, for example because a person has just uploaded them, it collects a second time.

    Returns:
        The collector's summary of the last run, with the files that both runs collected.

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
    # Wait until the files are old enough.
    time.sleep(FRESH.total_seconds())
    second = _invoke(target, schedule_target["Arn"], schedule_target["Input"])
    return {**second, "collected": [*first["collected"], *second["collected"]]}


def _invoke(target: Target, function: str, event: str) -> dict[str, Any]:
    answer = target.client("lambda").invoke(FunctionName=function, Payload=event.encode())
    payload = json.loads(answer["Payload"].read())
    if "FunctionError" in answer:
        raise CollectionRunError(payload.get("errorMessage", str(payload)))
    return payload
