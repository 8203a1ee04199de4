"""Returns a dead letter to its queue, or starts the failed work again."""

import json
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any, Final

from lake.events import NotAnEventError, check_stored_event
from ops.dead_letters.describe import attribute, object_key, request_of
from ops.ingest.extract import start_extraction
from ops.stack.target import Target

WayBack = Callable[[Mapping[str, Any]], str]
"""Accepts a message as SQS returns it. It returns why the message was not accepted, or an empty text."""

_SENT: Final = frozenset({"DataType", "StringValue", "BinaryValue"})
"""The parts of an attribute that are sent."""


def to_events_queue(target: Target, queue_url: str) -> WayBack:
    """Send the message to the event queue, with its attributes."""
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
    """Start the collector for the message's dataset, whether the scheduler or Lambda failed."""

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
        # Lambda wrapped the event, because it calls the function for each object.
        event = request_of(message["Body"])
        if object_key(event) is None:
            return "the message does not name a created or deleted object"
        sqs.send_message(QueueUrl=queue_url, MessageBody=json.dumps(event))
        return ""

    return give_back


def to_extraction(target: Target, _task: str) -> WayBack:
    """Start the extraction of a dataset, once for all messages about it. It continues from the watermark."""
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
    """Return the dataset whose extraction the scheduler could not start; None if the message names none.

    Args:
        message: the scheduler's message: the schedule is an attribute, the task's arguments are the body.
        datasets: the extracted datasets, by their schedules as group/name.
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


def check_corrected(text: str) -> str:
    """Return why a corrected message is not a stored event; empty if it is."""
    try:
        check_stored_event(text)
    except NotAnEventError as error:
        return str(error)
    return ""


def _invoke(target: Target, function: str, request: Mapping[str, Any]) -> None:
    target.client("lambda").invoke(FunctionName=function, InvocationType="Event", Payload=json.dumps(request).encode())


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
