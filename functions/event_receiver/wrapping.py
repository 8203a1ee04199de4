"""Wraps a third party's callback as the payload of an event."""

import hashlib
import re
import uuid
from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final

from functions.event_receiver.answers import RequestRefusedError
from functions.event_receiver.envelope import EVENT_TYPE, StoredEvent
from lake.callbacks import CallbackProvider
from lake.canonical_json import canonical_text
from lake.events import Receipt, stored_event
from lake.json_pointer import parse_pointer, value_at
from lake.message_batches import MAXIMUM_BATCH_BYTES

# Events' ids depend on it. If it changed, a repeated callback would become a new event.
NAMESPACE: Final = uuid.uuid5(uuid.NAMESPACE_URL, "https://data-platform/events/callbacks")


def wrap(
    name: str,
    provider: CallbackProvider,
    body: Mapping[str, Any],
    signed_at: datetime,
    receipt: Receipt,
) -> StoredEvent:
    """Return the event of a callback. A repeated callback gets the same id, even if signed or spelled differently."""
    event_id = str(_event_id(name, provider, body))
    event: dict[str, Any] = {
        "event_id": event_id,
        "event_type": _event_type(name, provider, body),
        "occurred_at": f"{signed_at:%Y-%m-%dT%H:%M:%SZ}",
        "source": name,
        "payload": body,
    }
    line = stored_event(event, receipt)
    # A number may be longer when stored than when sent: 1E20.
    if len(line.encode()) > MAXIMUM_BATCH_BYTES:
        raise RequestRefusedError(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "the body is too large to be stored; send a smaller one"
        )
    return StoredEvent(event_id, line)


def _own(body: Mapping[str, Any], pointer: str | None) -> object:
    """Return the body's value at a pointer. None if the provider's configuration has no pointer."""
    return None if pointer is None else value_at(body, parse_pointer(pointer))


def _event_id(name: str, provider: CallbackProvider, body: Mapping[str, Any]) -> uuid.UUID:
    own = _own(body, provider.event_id_pointer)
    if isinstance(own, str) and own:
        return uuid.uuid5(NAMESPACE, f"{name}/id/{own}")
    # 7 and "7" are different ids; 7 and 7.0 are the same id.
    if isinstance(own, (int, float)) and not isinstance(own, bool):
        return uuid.uuid5(NAMESPACE, f"{name}/number/{canonical_text(own)}")
    return uuid.uuid5(NAMESPACE, f"{name}/sha256/{hashlib.sha256(canonical_text(body).encode()).hexdigest()}")


def _event_type(name: str, provider: CallbackProvider, body: Mapping[str, Any]) -> str:
    own = _own(body, provider.event_type_pointer)
    if isinstance(own, str) and re.fullmatch(EVENT_TYPE, own):
        return own
    return f"{name}.callback"
