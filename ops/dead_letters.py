"""The stack's dead-letter queues: what they hold, and the way back of what was put right.

Messages are received, sent and deleted by this program, since the emulator knows no StartMessageMoveTask, and since a
failed collection came from no queue.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from ops.target import Target

BATCH: Final = 10
"""Messages that SQS gives at most at once."""
LOOK_SECONDS: Final = 30
"""For how long a message is hidden from others by a look that is broken off."""
MOVE_SECONDS: Final = 120
"""For how long a message is hidden from others while a batch is moved."""
_BEGINNING_CHARACTERS: Final = 60
_SHOWN_MEMBERS: Final = ("event_id", "event_type", "occurred_at", "dataset", "id", "detail-type", "time")
"""Members of a message that say which one it is. Everything else may be a person's, or secret."""


class DeadLetterError(Exception):
    """The queue cannot be looked at or moved as asked; the message says what to do."""


@dataclass(frozen=True, slots=True)
class DeadLetterQueue:
    """One queue of messages that were given up."""

    export: str
    """The stack's export with its URL."""
    holds: str
    """What a message is."""
    back_to: str
    """Where a message goes back to; how to make up for it where none does."""
    source_export: str | None
    """The stack's export with the queue or function that takes a message back; None if none does."""


QUEUES: Final = {
    "events": DeadLetterQueue(
        "eventsDeadLetterQueueUrl",
        "posted events that are no stored event, or failed five times",
        "the events queue",
        "eventsQueueUrl",
    ),
    "collector": DeadLetterQueue(
        "collectorDeadLetterQueueUrl",
        "collections that failed, or never started",
        "the SFTP collector, which collects the dataset again",
        "sftpCollectorFunction",
    ),
    "undelivered": DeadLetterQueue(
        "undeliveredEventsQueueUrl",
        "events that a rule could not deliver: alerts, and starts of the workflow",
        "read an alert here; `run refine` makes up for a start of the workflow",
        None,
    ),
}


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One message."""

    message_id: str
    sent_at: datetime
    """When it came into the dead-letter queue."""
    reason: str
    """Why it is there, as far as it was recorded."""
    beginning: str
    """Which message it is, without its payload."""
    bytes: int


@dataclass(slots=True)
class Moved:
    """What became of a queue's messages."""

    moved: int = 0
    newer: int = 0
    """Messages that came while others were moved, such as those that failed at once again. They stayed."""
    refused: list[str] = field(default_factory=list[str])
    """Messages that have no way back, each with its id and why. They stayed."""


def count(target: Target, queue: DeadLetterQueue) -> int:
    """About how many messages the queue holds, those in somebody's hands too."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    answer = target.client("sqs").get_queue_attributes(QueueUrl=_url(target, queue.export), AttributeNames=names)
    return sum(int(answer["Attributes"][name]) for name in names)


def look(target: Target, queue: DeadLetterQueue, most: int) -> list[DeadLetter]:
    """Some of the queue's messages, oldest first. They stay, and others see them again at once."""
    sqs, url = target.client("sqs"), _url(target, queue.export)
    taken: list[dict[str, Any]] = []
    try:
        while len(taken) < most and (messages := _receive(sqs, url, min(BATCH, most - len(taken)), LOOK_SECONDS)):
            taken += messages
    finally:
        _show_again(sqs, url, taken)
    return sorted(map(describe, taken), key=lambda each: each.sent_at)


def move_back(target: Target, queue: DeadLetterQueue) -> Moved:
    """Give the queue's messages back to where they came from, each deleted here only once it was taken there.

    A message whose deletion fails is there twice: events are made one again by their ids, and a second collection
    collects nothing twice.

    Raises:
        DeadLetterError: nothing takes this queue's messages back.
    """
    if queue.source_export is None:
        raise DeadLetterError(f"nothing takes these messages back: {queue.back_to}")
    sqs, url, source = target.client("sqs"), _url(target, queue.export), _url(target, queue.source_export)
    begun, result = datetime.now(UTC), Moved()
    staying: list[dict[str, Any]] = []
    try:
        for message in _drain(sqs, url):
            if _sent_at(message) > begun:
                staying.append(message)
                result.newer += 1
            elif refusal := _give_back(target, queue, source, message):
                staying.append(message)
                result.refused.append(f"{message['MessageId']}: {refusal}")
            else:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                result.moved += 1
    finally:
        _show_again(sqs, url, staying)
    return result


def describe(message: Mapping[str, Any]) -> DeadLetter:
    """What a person may see of a message as SQS gives it."""
    body: str = message["Body"]
    return DeadLetter(
        message_id=message["MessageId"],
        sent_at=_sent_at(message),
        reason=_reason(message),
        beginning=_beginning(body),
        bytes=len(body.encode()),
    )


def _give_back(target: Target, queue: DeadLetterQueue, source: str, message: Mapping[str, Any]) -> str:
    """Why it was not given back; empty if it was."""
    if queue.source_export == "sftpCollectorFunction":
        event = _collectors_event(message["Body"])
        if event is None:
            return "it names no dataset to collect"
        target.client("lambda").invoke(FunctionName=source, InvocationType="Event", Payload=json.dumps(event).encode())
        return ""
    attributes = {
        name: {key: value for key, value in attribute.items() if key in {"DataType", "StringValue", "BinaryValue"}}
        for name, attribute in message.get("MessageAttributes", {}).items()
    }
    target.client("sqs").send_message(QueueUrl=source, MessageBody=message["Body"], MessageAttributes=attributes)
    return ""


def _collectors_event(body: str) -> dict[str, Any] | None:
    """The collector's input: what the scheduler could not hand over, or what Lambda says that it failed on."""
    document = _document(body)
    event = document.get("requestPayload", document)
    return event if isinstance(event, dict) and "dataset" in event else None


def _drain(sqs: Any, url: str) -> Iterator[dict[str, Any]]:  # noqa: ANN401 - a boto3 client
    while messages := _receive(sqs, url, BATCH, MOVE_SECONDS):
        yield from messages


def _receive(sqs: Any, url: str, most: int, hidden_seconds: int) -> list[dict[str, Any]]:  # noqa: ANN401 - as above
    answer = sqs.receive_message(
        QueueUrl=url,
        MaxNumberOfMessages=most,
        VisibilityTimeout=hidden_seconds,
        # Waiting asks all of the queue's servers: without it SQS may answer with nothing though there is something.
        WaitTimeSeconds=1,
        MessageSystemAttributeNames=["All"],
        MessageAttributeNames=["All"],
    )
    return answer.get("Messages", [])


def _show_again(sqs: Any, url: str, messages: list[dict[str, Any]]) -> None:  # noqa: ANN401 - as above
    for message in messages:
        sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)


def _sent_at(message: Mapping[str, Any]) -> datetime:
    return datetime.fromtimestamp(int(message["Attributes"]["SentTimestamp"]) / 1000, UTC)


def _reason(message: Mapping[str, Any]) -> str:
    attributes = message.get("MessageAttributes", {})
    said = [attributes[name]["StringValue"] for name in ("reason", "ERROR_CODE", "ERROR_MESSAGE") if name in attributes]
    answered = _document(message["Body"]).get("responsePayload")
    if isinstance(answered, dict) and "errorMessage" in answered:
        said.append(str(answered["errorMessage"]))
    return "; ".join(said) or "not recorded: it was received too often"


def _beginning(body: str) -> str:
    document = _document(body)
    document = document.get("requestPayload", document)
    if isinstance(document, dict) and (shown := {name: document[name] for name in _SHOWN_MEMBERS if name in document}):
        return json.dumps(shown)
    # Of what is no event the beginning alone tells what it may be, up to where a payload could begin.
    beginning = body.partition("payload")[0]
    return json.dumps(beginning[:_BEGINNING_CHARACTERS])[1:-1]


def _document(body: str) -> dict[str, Any]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _url(target: Target, export: str) -> str:
    if export not in target.exports:
        raise DeadLetterError(
            f"the stack {target.stack!r} does not export {export}: deploy this version of the program"
        )
    return str(target.exports[export])
