"""The way back of a dead letter: to the queue that it came from, or a start of what failed."""

import json
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any, Final

from lake.events import NotAnEventError, check_stored_event
from ops.dead_letters.describe import attribute, object_key, request_of
from ops.ingest.extract import start_extraction
from ops.stack.target import Target

WayBack = Callable[[Mapping[str, Any]], str]
"""Takes a message as SQS gives it, and says why it was not given back; empty if it was."""

_SENT: Final = frozenset({"DataType", "StringValue", "BinaryValue"})
"""What is sent of an attribute."""


def to_events_queue(target: Target, queue_url: str) -> WayBack:
    """Send it to the events queue, with its attributes."""
    sqs = target.client("sqs")

    def give_back(message: Mapping[str, Any]) -> str:
        attributes = {
            name: {key: value for key, value in each.items() if key in _SENT}
            for name, each in message.get("MessageAttributes", {}).items()
        }
        sqs.send_message(QueueUrl=queue_url, MessageBody=message["Body"], MessageAttributes=attributes)
        return ""

    return give_back


def to_collector(target: Target, function: str) -> WayBack:
    """Start the collector for its dataset: what the scheduler could not hand over, or what Lambda failed on."""

    def give_back(message: Mapping[str, Any]) -> str:
        request = request_of(message["Body"])
        if "dataset" not in request:
            return "the message does not name a dataset to collect"
        _invoke(target, function, request)
        return ""

    return give_back


def to_index_queue(target: Target, queue_url: str) -> WayBack:
    """Send the event of an object to the object index's queue again."""
    sqs = target.client("sqs")

    def give_back(message: Mapping[str, Any]) -> str:
        # Lambda wrapped the event while it called the function for each object.
        event = request_of(message["Body"])
        if object_key(event) is None:
            return "the message does not name a created or deleted object"
        sqs.send_message(QueueUrl=queue_url, MessageBody=json.dumps(event))
        return ""

    return give_back


def to_extraction(target: Target, _task: str) -> WayBack:
    """Start the extraction of its dataset, once for all messages about it: it goes on from the watermark."""
    datasets = {schedule: dataset for dataset, schedule in target.exports["extractionSchedules"].items()}
    started: set[str] = set()

    def give_back(message: Mapping[str, Any]) -> str:
        dataset = extracted_dataset(message, datasets)
        if dataset is None:
            return "the message does not name a dataset to extract"
        if dataset not in started:
            start_extraction(target, dataset)
            started.add(dataset)
        return ""

    return give_back


def extracted_dataset(message: Mapping[str, Any], datasets: Mapping[str, str]) -> str | None:
    """The dataset whose extraction the scheduler could not start; None if the message names none.

    Args:
        message: as the scheduler sent it: its schedule is an attribute, the task's arguments are its body.
        datasets: those that are extracted, by their schedules as group/name.
    """
    schedule = (attribute(message, "SCHEDULE_ARN") or "").partition(":schedule/")[2]
    if schedule in datasets:
        return datasets[schedule]
    words = [
        word
        for override in _list(request_of(message["Body"]).get("containerOverrides"))
        if isinstance(override, dict)
        for word in _list(override.get("command"))
    ]
    named = [value for option, value in pairwise(words) if option == "--dataset"]
    return named[0] if named and named[0] in datasets.values() else None


def check_mended(text: str) -> str:
    """Why a mended message would be no stored event; empty if it is one."""
    try:
        check_stored_event(text)
    except NotAnEventError as error:
        return str(error)
    return ""


def _invoke(target: Target, function: str, request: Mapping[str, Any]) -> None:
    target.client("lambda").invoke(FunctionName=function, InvocationType="Event", Payload=json.dumps(request).encode())


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
