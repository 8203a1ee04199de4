"""Lands a batch: the object first, then the dead letters, then the answer. Killed between, all comes again."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from functions.event_batcher.batch import Message, Poison, content_of, object_of, read_messages
from functions.observability import logger
from lake.events import NotAnEventError, check_stored_event
from lake.message_batches import message_batches
from lake.object_metadata import CORRELATION_ID

if TYPE_CHECKING:
    # Their stubs are installed for development alone.
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef

# What a dead letter's two attributes take at most.
ATTRIBUTE_BYTES: Final = 1024


@dataclass(frozen=True, slots=True)
class Landed:
    """What became of a batch."""

    key: str | None
    """None if no message was an event."""
    events: int
    poison: int
    failed: Sequence[str]
    """Ids of the messages that SQS has to give again."""


class Batcher:
    """Lands one batch after the other."""

    def __init__(self, s3: "S3Client", sqs: "SQSClient", bucket: str, dataset: str, dead_letter_queue_url: str) -> None:
        self._s3 = s3
        self._sqs = sqs
        self._bucket = bucket
        self._dataset = dataset
        self._dead_letter_queue_url = dead_letter_queue_url

    def land(self, records: Sequence[dict[str, Any]], correlation_id: str = "") -> Landed:
        """Land the messages of a Lambda event.

        Args:
            records: the event's.
            correlation_id: what the object is to carry of this run; nothing if it is empty.

        Raises:
            ClientError, BotoCoreError: the object could not be written; nothing of the batch counts as done.
        """
        events: list[Message] = []
        poison: list[Poison] = []
        for message in read_messages(records):
            try:
                check_stored_event(message.body)
            except NotAnEventError as error:
                poison.append(Poison(message, str(error)))
            else:
                events.append(message)
        key = self._write(events, correlation_id) if events else None
        sized = [(each, len(each.message.body.encode()) + ATTRIBUTE_BYTES) for each in poison]
        failed = [message_id for batch in message_batches(sized) for message_id in self._bury(batch)]
        return Landed(key, len(events), len(poison), failed)

    def _write(self, events: Sequence[Message], correlation_id: str) -> str:
        key = object_of(self._dataset, events).key
        self._s3.put_object(
            Bucket=self._bucket,
            Key=key,
            Body=content_of(events),
            ContentType="application/gzip",
            Metadata={"rows": str(len(events)), **({CORRELATION_ID: correlation_id} if correlation_id else {})},
        )
        return key

    def _bury(self, batch: Sequence[Poison]) -> list[str]:
        """Send messages to the dead letters. Returns the ids of those that are not there."""
        try:
            answer = self._sqs.send_message_batch(
                QueueUrl=self._dead_letter_queue_url,
                Entries=[_dead_letter(place, each) for place, each in enumerate(batch)],
            )
        except (BotoCoreError, ClientError) as error:
            logger.warning(
                "the dead-letter queue refused a message; it returns to the queue",
                extra={"error": type(error).__name__},
            )
            return [each.message.message_id for each in batch]
        buried = {sent["Id"] for sent in answer.get("Successful", ())}
        for place, each in enumerate(batch):
            extra = {"message_id": each.message.message_id, "reason": each.reason, "buried": str(place) in buried}
            logger.warning("poison", extra=extra)
        return [each.message.message_id for place, each in enumerate(batch) if str(place) not in buried]


def _dead_letter(place: int, poison: Poison) -> "SendMessageBatchRequestEntryTypeDef":
    attributes = {"reason": poison.reason, "message_id": poison.message.message_id}
    return {
        "Id": str(place),
        "MessageBody": poison.message.body,
        "MessageAttributes": {name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()},
    }
