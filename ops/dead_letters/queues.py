"""The stack's dead-letter queues: reading their messages, and moving them back after a fix.

This program receives, sends and deletes the messages itself, because the emulator does not support
StartMessageMoveTask, and because a failed collection did not come from a queue.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Self

from ops.dead_letters.describe import DeadLetter, describe, sent_at
from ops.dead_letters.redrive import (
    WayBack,
    check_corrected,
    to_collector,
    to_events_queue,
    to_extraction,
    to_index_queue,
)
from ops.stack.errors import OperatorError
from ops.stack.prefixes import the_one
from ops.stack.target import Target

BATCH: Final = 10
"""Most messages that SQS returns at once."""
LOOK_SECONDS: Final = 30
"""How long a message stays hidden from others if listing is interrupted."""
ID_CHARACTERS: Final = 36
"""Length of a message's id, which is a UUID."""
MOST_LOOKED_AT: Final = 1_000
"""Number of messages that are searched for a typed beginning of an id."""
MOVE_SECONDS: Final = 120
"""How long a message is hidden from others while a batch is moved."""


class DeadLetterError(OperatorError):
    """The queue cannot be listed or moved as requested; the message says what to do."""


@dataclass(frozen=True, slots=True)
class DeadLetterQueue:
    """One dead-letter queue."""

    export: str
    """Name of the stack's export with the queue's URL."""
    holds: str
    """The kind of its messages."""
    back_to: str
    """The destination of moved messages; if there is none, how to repair the failure."""
    source_export: str | None = None
    """Name of the stack's export with the queue, function or task that accepts a message; None if there is none."""
    way_back: Callable[[Target, str], WayBack] | None = None
    """Creates the way back from the stack and the value of that export."""


QUEUES: Final = {
    "events": DeadLetterQueue(
        "eventsDeadLetterQueueUrl",
        "posted events that are malformed or failed five times",
        "the events queue",
        "eventsQueueUrl",
        to_events_queue,
    ),
    "collector": DeadLetterQueue(
        "collectorDeadLetterQueueUrl",
        "collections that failed or did not start",
        "the SFTP collector, which collects the dataset again",
        "sftpCollectorFunction",
        to_collector,
    ),
    "extraction": DeadLetterQueue(
        "extractionDeadLetterQueueUrl",
        "extractions that did not start",
        "the SQL extraction, which continues from the dataset's watermark",
        "extractionTask",
        to_extraction,
    ),
    "attributes": DeadLetterQueue(
        "attributesDeadLetterQueueUrl",
        "creations and deletions of objects that the index could not record",
        "the object index's queue",
        "attributesQueueUrl",
        to_index_queue,
    ),
    "undelivered": DeadLetterQueue(
        "undeliveredEventsQueueUrl",
        "events that a rule could not deliver: alerts and starts of the workflow",
        "read an alert here; start the workflow with `run refine`",
    ),
}


@dataclass(slots=True)
class Moved:
    """The result of moving a queue's messages."""

    moved: int = 0
    newer: int = 0
    """Messages that arrived meanwhile, such as those that failed again at once. They stay in the queue."""
    refused: list[str] = field(default_factory=list[str])
    """Messages that could not be moved, each with its id and the reason. They stay in the queue."""


def count(target: Target, queue: DeadLetterQueue) -> int:
    """Return the approximate number of messages, including those that are being processed."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    answer = target.client("sqs").get_queue_attributes(QueueUrl=_export(target, queue.export), AttributeNames=names)
    return sum(int(answer["Attributes"][name]) for name in names)


def look(target: Target, queue: DeadLetterQueue, most: int) -> list[DeadLetter]:
    """Return some of the queue's messages, oldest first. They stay in the queue and become visible again at once."""
    sqs, url = target.client("sqs"), _export(target, queue.export)
    taken: list[dict[str, Any]] = []
    try:
        while len(taken) < most and (messages := _receive(sqs, url, min(BATCH, most - len(taken)), LOOK_SECONDS)):
            taken += messages
    finally:
        _show_again(sqs, url, taken)
    return sorted(map(describe, taken), key=lambda each: each.sent_at)


def message_id_of(target: Target, queue: DeadLetterQueue, given: str) -> str:
    """Return the id of the message with the given id or beginning of an id.

    Raises:
        DeadLetterError: no received message has it.
        InvalidInputError: several messages have it; the error lists their ids.
    """
    if len(given) >= ID_CHARACTERS:
        return given
    total = count(target, queue)
    if total > MOST_LOOKED_AT:
        raise DeadLetterError(f"{total:,} messages are too many to search for {given!r}; give the whole id")
    found = the_one(given, [each.message_id for each in look(target, queue, MOST_LOOKED_AT)], "messages")
    if found is None:
        raise no_such_message(given)
    return found


def body_of(target: Target, queue: DeadLetterQueue, message_id: str) -> str:
    """Return the whole text of one message. It stays in the queue.

    Raises:
        DeadLetterError: the queue does not have it.
    """
    sqs, url = target.client("sqs"), _export(target, queue.export)
    with _Held(sqs, url) as held:
        for message in held.chosen(message_id):
            return str(message["Body"])
    raise no_such_message(message_id)


def move_back(
    target: Target, queue: DeadLetterQueue, message_id: str | None = None, corrected: str | None = None
) -> Moved:
    """Move messages back to their source. Each is deleted here only after its source accepted it.

    If a deletion fails, the message exists twice, which is harmless: events are deduplicated by their ids, and a second
    collection, extraction or recording does nothing twice.

    Args:
        target: the stack.
        queue: the queue.
        message_id: only this message; all messages if not given.
        corrected: a stored event that replaces the message's body.

    Raises:
        DeadLetterError: this queue's messages cannot be moved, or the queue does not have that message.
    """
    if queue.source_export is None or queue.way_back is None:
        raise DeadLetterError(f"messages of this queue cannot be moved back; {queue.back_to}")
    if corrected is not None and (refusal := check_corrected(corrected)):
        raise DeadLetterError(f"the corrected message is not a stored event: {refusal}; nothing was changed")
    give_back = queue.way_back(target, _export(target, queue.source_export))

    def give(message: dict[str, Any]) -> str:
        return give_back(message if corrected is None else message | {"Body": corrected})

    return _take_out(target, queue, message_id, give)


def discard(target: Target, queue: DeadLetterQueue, message_id: str | None = None) -> Moved:
    """Delete one message, or all messages, permanently.

    Raises:
        DeadLetterError: the queue does not have that message.
    """
    return _take_out(target, queue, message_id, lambda _: "")


def _take_out(
    target: Target, queue: DeadLetterQueue, message_id: str | None, take: Callable[[dict[str, Any]], str]
) -> Moved:
    """Delete each accepted message. The others stay, with the reason why they were not accepted."""
    sqs, url = target.client("sqs"), _export(target, queue.export)
    begun, result = datetime.now(UTC), Moved()
    with _Held(sqs, url) as held:
        for message in held.chosen(message_id):
            if sent_at(message) > begun:
                result.newer += 1
            elif refusal := take(message):
                result.refused.append(f"{message['MessageId']}: {refusal}")
            else:
                held.delete(message)
                result.moved += 1
    if message_id is not None and result == Moved():
        raise no_such_message(message_id)
    return result


class _Held:
    """A queue's messages while this program processes them. Afterwards the rest becomes visible again."""

    def __init__(self, sqs: Any, url: str) -> None:  # noqa: ANN401 - a boto3 client
        self._sqs, self._url = sqs, url
        self._messages: dict[str, dict[str, Any]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        _show_again(self._sqs, self._url, [*self._messages.values()])

    def chosen(self, message_id: str | None) -> Iterator[dict[str, Any]]:
        """Yield the queue's messages; with an id, only that message."""
        while messages := _receive(self._sqs, self._url, BATCH, MOVE_SECONDS):
            self._messages |= {each["MessageId"]: each for each in messages}
            for message in messages:
                if message_id is None:
                    yield message
                elif message["MessageId"] == message_id:
                    yield message
                    return

    def delete(self, message: Mapping[str, Any]) -> None:
        self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
        del self._messages[message["MessageId"]]


def _receive(sqs: Any, url: str, most: int, hidden_seconds: int) -> list[dict[str, Any]]:  # noqa: ANN401 - as above
    answer = sqs.receive_message(
        QueueUrl=url,
        MaxNumberOfMessages=most,
        VisibilityTimeout=hidden_seconds,
        # Waiting queries all servers of the queue. Without it SQS may return nothing although there are messages.
        WaitTimeSeconds=1,
        MessageSystemAttributeNames=["All"],
        MessageAttributeNames=["All"],
    )
    return answer.get("Messages", [])


def _show_again(sqs: Any, url: str, messages: list[dict[str, Any]]) -> None:  # noqa: ANN401 - as above
    for message in messages:
        sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)


def no_such_message(message_id: str) -> DeadLetterError:
    """Return the error for an id that no message has."""
    return DeadLetterError(f"the queue does not hold a message {message_id}; `redrive QUEUE` lists the ids")


def _export(target: Target, export: str) -> str:
    if export not in target.exports:
        raise DeadLetterError(
            f"the stack {target.stack!r} does not export {export}; deploy this version of the program"
        )
    return str(target.exports[export])
