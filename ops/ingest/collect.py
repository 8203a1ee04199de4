"""Starts a dataset's collection by hand: the very target of its schedule, with the schedule's own input."""

import json
from typing import Any

from ops.stack.errors import OperatorError
from ops.stack.target import Target


class CollectionRunError(OperatorError):
    """The collector reported files that it could not take, or failed as a whole."""


def collect(target: Target, dataset: str) -> dict[str, Any]:
    """Collect one dataset now and wait for the end.

    Returns:
        The collector's own summary: collected, unchanged, failed.

    Raises:
        CollectionRunError: the dataset has no schedule, or the collector failed.
    """
    schedules = target.exports["collectionSchedules"]
    if dataset not in schedules:
        raise CollectionRunError(f"no schedule collects {dataset!r}; there are schedules for {', '.join(schedules)}")
    group, name = schedules[dataset].split("/")
    schedule_target = target.client("scheduler").get_schedule(GroupName=group, Name=name)["Target"]
    answer = target.client("lambda").invoke(
        FunctionName=schedule_target["Arn"], Payload=schedule_target["Input"].encode()
    )
    payload = json.loads(answer["Payload"].read())
    if "FunctionError" in answer:
        raise CollectionRunError(payload.get("errorMessage", str(payload)))
    return payload
