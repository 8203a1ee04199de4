"""A batch of messages as one object: the same messages are the same object, byte for byte, whenever they come."""

import gzip
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from lake.keys import InboundObject, inbound_object

_NAME_DIGITS: Final = 32
# Half of the time of level 9, and within a few per cent of its size, on events as they are posted.
_COMPRESSION_LEVEL: Final = 6


@dataclass(frozen=True, slots=True)
class Message:
    """A message as SQS gives it."""

    message_id: str
    body: str
    sent_at: int
    """When SQS took it, in milliseconds since 1970."""


@dataclass(frozen=True, slots=True)
class Poison:
    """A message that is no stored event, and why."""

    message: Message
    reason: str


def read_messages(records: Sequence[dict[str, Any]]) -> list[Message]:
    """The messages of a Lambda event, in the order of their ids, each once."""
    by_id = {record["messageId"]: record for record in records}
    return [
        Message(message_id, record["body"], int(record["attributes"]["SentTimestamp"]))
        for message_id, record in sorted(by_id.items())
    ]


def content_of(messages: Sequence[Message]) -> bytes:
    """The object's content: a line of JSON each, compressed."""
    lines = "".join(f"{message.body}\n" for message in messages)
    return gzip.compress(lines.encode(), compresslevel=_COMPRESSION_LEVEL, mtime=0)


def object_of(dataset: str, messages: Sequence[Message]) -> InboundObject:
    """Where a batch lands: on the day on which its first message was queued, under a name made of its messages' ids."""
    earliest = min(message.sent_at for message in messages)
    day = datetime.fromtimestamp(earliest / 1000, UTC).date()
    name = hashlib.sha256("\n".join(message.message_id for message in messages).encode()).hexdigest()[:_NAME_DIGITS]
    return inbound_object(dataset, day, f"{name}.ndjson.gz")
