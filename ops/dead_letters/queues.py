"""The stack's dead-letter queues: what they hold, and the way back of what was put right.

Messages are received, sent and deleted by this program, since the emulator knows no StartMessageMoveTask, and since a
failed collection came from no queue.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Self

from ops.dead_letters.describe import DeadLetter, describe, sent_at
from ops.dead_letters.redrive import (
    WayBack,
    check_mended,
    to_collector,
    to_events_queue,
    to_extraction,
    to_index_queue,
)
from ops.stack.errors import OperatorError
from ops.stack.prefixes import the_one
from ops.stack.target import Target

BATCH: Final = 10
"""Messages that SQS gives at most at once."""
LOOK_SECONDS: Final = 30
"""For how long a message is hidden from others by a look that is broken off."""
ID_CHARACTERS: Final = 36
"""Of a message's id, which is a UUID."""
MOST_LOOKED_AT: Final = 1_000
"""Messages that are looked at to find the one whose id begins as a person typed."""
MOVE_SECONDS: Final = 120
"""For how long a message is hidden from others while a batch is moved."""


class DeadLetterError(OperatorError):
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
    source_export: str | None = None
    """The stack's export with the queue, function or task that takes a message back; None if none does."""
    way_back: Callable[[Target, str], WayBack] | None = None
    """Makes the way back, of the stack and what the export says."""


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
    """What became of a queue's messages."""

    moved: int = 0
    newer: int = 0
    """Messages that came while others were moved, such as those that failed at once again. They stayed."""
    refused: list[str] = field(default_factory=list[str])
    """Messages that have no way back, each with its id and why. They stayed."""


def count(target: Target, queue: DeadLetterQueue) -> int:
    """About how many messages the queue holds, those in somebody's hands too."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    answer = target.client("sqs").get_queue_attributes(QueueUrl=_export(target, queue.export), AttributeNames=names)
    return sum(int(answer["Attributes"][name]) for name in names)


def look(target: Target, queue: DeadLetterQueue, most: int) -> list[DeadLetter]:
    """Some of the queue's messages, oldest first. They stay, and others see them again at once."""
    sqs, url = target.client("sqs"), _export(target, queue.export)
    taken: list[dict[str, Any]] = []
    try:
        while len(taken) < most and (messages := _receive(sqs, url, min(BATCH, most - len(taken)), LOOK_SECONDS)):
            taken += messages
    finally:
        _show_again(sqs, url, taken)
    return sorted(map(describe, taken), key=lambda each: each.sent_at)


def message_id_of(target: Target, queue: DeadLetterQueue, given: str) -> str:
    """The id of the message that a person means by an id or its beginning.

    Raises:
        DeadLetterError: no message that the queue gives has it.
        InvalidInputError: several have it; the message lists their ids.
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
    """All of one message, as it came. It stays.

    Raises:
        DeadLetterError: the queue does not hold it.
    """
    sqs, url = target.client("sqs"), _export(target, queue.export)
    with _Held(sqs, url) as held:
        for message in held.chosen(message_id):
            return str(message["Body"])
    raise no_such_message(message_id)


def move_back(
    target: Target, queue: DeadLetterQueue, message_id: str | None = None, mended: str | None = None
) -> Moved:
    """Give messages back to where they came from, each deleted here only once it was taken there.

    A message whose deletion fails is there twice: events are made one again by their ids, and a second collection,
    extraction or recording does nothing twice.

    Args:
        target: the stack.
        queue: the queue.
        message_id: this message alone; all that are there if not given.
        mended: a stored event in place of that message's body.

    Raises:
        DeadLetterError: nothing takes this queue's messages back, or the queue does not hold that one.
    """
    if queue.source_export is None or queue.way_back is None:
        raise DeadLetterError(f"messages of this queue cannot be moved back; {queue.back_to}")
    if mended is not None and (refusal := check_mended(mended)):
        raise DeadLetterError(f"the corrected message is not a stored event: {refusal}; nothing was changed")
    give_back = queue.way_back(target, _export(target, queue.source_export))

    def give(message: dict[str, Any]) -> str:
        return give_back(message if mended is None else message | {"Body": mended})

    return _take_out(target, queue, message_id, give)


def discard(target: Target, queue: DeadLetterQueue, message_id: str | None = None) -> Moved:
    """Delete messages for good: this one, or all that are there.

    Raises:
        DeadLetterError: the queue does not hold that one.
    """
    return _take_out(target, queue, message_id, lambda _: "")


def _take_out(
    target: Target, queue: DeadLetterQueue, message_id: str | None, take: Callable[[dict[str, Any]], str]
) -> Moved:
    """Delete each message that is taken; the others stay with the reason why they were not."""
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
    """A queue's messages while this program has them in hand. Whatever happens, the rest is shown to others again."""

    def __init__(self, sqs: Any, url: str) -> None:  # noqa: ANN401 - a boto3 client
        self._sqs, self._url = sqs, url
        self._messages: dict[str, dict[str, Any]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        _show_again(self._sqs, self._url, [*self._messages.values()])

    def chosen(self, message_id: str | None) -> Iterator[dict[str, Any]]:
        """The queue's messages; with an id that one alone."""
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
        # Waiting asks all of the queue's servers: without it SQS may answer with nothing though there is something.
        WaitTimeSeconds=1,
        MessageSystemAttributeNames=["All"],
        MessageAttributeNames=["All"],
    )
    return answer.get("Messages", [])


def _show_again(sqs: Any, url: str, messages: list[dict[str, Any]]) -> None:  # noqa: ANN401 - as above
    for message in messages:
        sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)


def no_such_message(message_id: str) -> DeadLetterError:
    """The error of an id that no message has."""
    return DeadLetterError(f"the queue does not hold a message {message_id}; `redrive QUEUE` lists the ids")


def _export(target: Target, export: str) -> str:
    if export not in target.exports:
        raise DeadLetterError(
            f"the stack {target.stack!r} does not export {export}; deploy this version of the program"
        )
    return str(target.exports[export])
