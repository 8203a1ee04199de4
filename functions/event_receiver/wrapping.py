"""What a third party sends becomes the payload of an event."""

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

# Ids follow from it: changed, a callback that is sent again would become another event.
NAMESPACE: Final = uuid.uuid5(uuid.NAMESPACE_URL, "https://data-platform/events/callbacks")


def wrap(
    name: str,
    provider: CallbackProvider,
    body: Mapping[str, Any],
    signed_at: datetime,
    receipt: Receipt,
) -> StoredEvent:
    """Make an event of a callback. Sent again, also newly signed, or in another spelling, it has the same id.

    Args:
        name: the provider's.
        provider: how it calls back.
        body: what it sent.
        signed_at: the signed timestamp.
        receipt: how the callback arrived.

    Raises:
        RequestRefusedError: it is too large as it is stored.
    """
    event_id = str(_event_id(name, provider, body))
    event: dict[str, Any] = {
        "event_id": event_id,
        "event_type": _event_type(name, provider, body),
        "occurred_at": f"{signed_at:%Y-%m-%dT%H:%M:%SZ}",
        "source": name,
        "payload": body,
    }
    line = stored_event(event, receipt)
    # A number may be longer as it is stored than as it was sent: 1E20.
    if len(line.encode()) > MAXIMUM_BATCH_BYTES:
        raise RequestRefusedError(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "the body is too large to be stored; send a smaller one"
        )
    return StoredEvent(event_id, line)


def _own(body: Mapping[str, Any], pointer: str | None) -> object:
    """What the body says itself, by a pointer that the provider's configuration may lack."""
    return None if pointer is None else value_at(body, parse_pointer(pointer))


def _event_id(name: str, provider: CallbackProvider, body: Mapping[str, Any]) -> uuid.UUID:
    own = _own(body, provider.event_id_pointer)
    if isinstance(own, str) and own:
        return uuid.uuid5(NAMESPACE, f"{name}/id/{own}")
    # 7 and "7" are two ids, 7 and 7.0 one.
    if isinstance(own, (int, float)) and not isinstance(own, bool):
        return uuid.uuid5(NAMESPACE, f"{name}/number/{canonical_text(own)}")
    return uuid.uuid5(NAMESPACE, f"{name}/sha256/{hashlib.sha256(canonical_text(body).encode()).hexdigest()}")


def _event_type(name: str, provider: CallbackProvider, body: Mapping[str, Any]) -> str:
    own = _own(body, provider.event_type_pointer)
    if isinstance(own, str) and re.fullmatch(EVENT_TYPE, own):
        return own
    return f"{name}.callback"
