"""Turns a batch of messages into one object. The same messages always give the same key and bytes."""

import gzip
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from lake.keys import InboundObject, inbound_object

_NAME_DIGITS: Final = 32
# Takes half the time of level 9, and compresses typical events to within a few per cent of its size.
_COMPRESSION_LEVEL: Final = 6


@dataclass(frozen=True, slots=True)
class Message:
    """A message as SQS delivers it."""

    message_id: str
    body: str
    sent_at: int
    """When SQS accepted the message, in milliseconds since 1970."""


@dataclass(frozen=True, slots=True)
class Poison:
    """A message that is not a stored event, with the reason."""

    message: Message
    reason: str


def read_messages(records: Sequence[dict[str, Any]]) -> list[Message]:
    """Return the messages of a Lambda event, ordered by id, without duplicates."""
    by_id = {record["messageId"]: record for record in records}
    return [
        Message(message_id, record["body"], int(record["attributes"]["SentTimestamp"]))
        for message_id, record in sorted(by_id.items())
    ]


def content_of(messages: Sequence[Message]) -> bytes:
    """Return the object's content: one line of JSON for each message, compressed."""
    lines = "".join(f"{message.body}\n" for message in messages)
    return gzip.compress(lines.encode(), compresslevel=_COMPRESSION_LEVEL, mtime=0)


def object_of(dataset: str, messages: Sequence[Message]) -> InboundObject:
    """Return the object of a batch. Its day is that of the first queued message; its name is a hash of the ids."""
    earliest = min(message.sent_at for message in messages)
    day = datetime.fromtimestamp(earliest / 1000, UTC).date()
    name = hashlib.sha256("\n".join(message.message_id for message in messages).encode()).hexdigest()[:_NAME_DIGITS]
    return inbound_object(dataset, day, f"{name}.ndjson.gz")
