"""From the queue's messages, each an event of S3, to the objects that they name."""

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
    """The inbound object that a message is about, by the message's id."""
    unreadable: dict[str, str] = field(default_factory=dict[str, str])
    """Messages that are not an event of S3, by id, each with the reason."""
    left_alone: int = 0
    """Messages about objects that the index does not have: their keys are not of the lake's layout."""

    @property
    def objects(self) -> Sequence[InboundObject]:
        """The objects, each once."""
        return [*dict.fromkeys(self.by_id.values())]

    def naming(self, keys: Container[str]) -> Iterator[str]:
        """Ids of the messages that name one of some inbound keys."""
        return (message_id for message_id, inbound in self.by_id.items() if inbound.key in keys)


def read_messages(records: Sequence[Mapping[str, Any]]) -> Messages:
    """Read the messages of a Lambda event.

    Args:
        records: the event's; their bodies are "Object Created" and "Object Deleted" events of EventBridge.
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
    """The inbound object that a key is about; None if the key is not of the lake's layout."""
    read = _READ_KEYS.get(key.partition("/")[0])
    try:
        return read(key) if read else None
    except InvalidKeyError:
        return None
