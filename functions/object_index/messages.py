"""Finds the objects that the queue's messages name. Each message is an S3 event."""

import json
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lake.keys import INBOUND, WAREHOUSE, InboundObject, InvalidKeyError, parse_inbound_key, parse_warehouse_key

_READ_KEYS = {INBOUND: parse_inbound_key, WAREHOUSE: parse_warehouse_key}


@dataclass(slots=True)
class Messages:
    """A batch of messages, by the objects that they name."""

    by_id: dict[str, InboundObject] = field(default_factory=dict[str, InboundObject])
    """The inbound object of each message, by the message's id."""
    unreadable: dict[str, str] = field(default_factory=dict[str, str])
    """Messages that are not S3 events, by id, each with the reason."""
    left_alone: int = 0
    """Number of messages about objects outside the index: their keys do not follow the lake's layout."""

    @property
    def objects(self) -> Sequence[InboundObject]:
        """The objects, without duplicates."""
        return [*dict.fromkeys(self.by_id.values())]

    def naming(self, keys: Container[str]) -> Iterator[str]:
        """Return the ids of messages whose object is among the inbound keys."""
        return (message_id for message_id, inbound in self.by_id.items() if inbound.key in keys)


def read_messages(records: Sequence[Mapping[str, Any]]) -> Messages:
    """Read the messages of a Lambda event.

    Args:
        records: the event's records. Their bodies are "Object Created" and "Object Deleted" events of EventBridge.
    """
    messages = Messages()
    for record in records:
        message_id: str = record["messageId"]
        try:
            inbound = _inbound_object(json.loads(record["body"])["detail"]["object"]["key"])
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            messages.unreadable[message_id] = f"{type(error).__name__}: {error}"
            continue
        if inbound is None:
            messages.left_alone += 1
        else:
            messages.by_id[message_id] = inbound
    return messages


def _inbound_object(key: str) -> InboundObject | None:
    """Return the inbound object of a key. None if the key does not follow the lake's layout."""
    read = _READ_KEYS.get(key.partition("/")[0])
    try:
        return read(key) if read else None
    except InvalidKeyError:
        return None
