"""The event as it is stored: made by the receiver, landed by the batcher, read by the warehouse.

One line of compact JSON: what was posted (event_id, event_type, occurred_at, source, payload), and received_at and
request_id.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

MEMBERS: Final = ("event_id", "event_type", "occurred_at", "source", "payload", "received_at", "request_id")

_encode: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode
# SQS refuses a message with these; JSON takes them escaped. Others that it refuses are escaped by the encoder.
_NONCHARACTERS: Final = {"\ufffe": "\\ufffe", "\uffff": "\\uffff"}


class NotAnEventError(ValueError):
    """A text is no stored event; the message says why, and holds nothing of the text."""


def stored_event(posted: Mapping[str, Any], received_at: datetime, request_id: str) -> str:
    """The line that is stored for an event.

    Args:
        posted: its five members, without lone surrogates, NaN and infinities.
        received_at: aware of its zone.
        request_id: of the request that brought it.
    """
    text = _encode({**posted, "received_at": time_text(received_at), "request_id": request_id})
    for character, escaped in _NONCHARACTERS.items():
        text = text.replace(character, escaped)
    return text


def check_stored_event(line: str) -> None:
    """Check that a text is one stored event.

    Raises:
        NotAnEventError: it is not.
    """
    if "\n" in line or "\r" in line:
        raise NotAnEventError("it is more than one line")
    try:
        event = json.loads(line, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise NotAnEventError("it is not JSON") from None
    if not isinstance(event, dict):
        raise NotAnEventError("it is no JSON object")
    if event.keys() != _MEMBERS:
        missing = [name for name in MEMBERS if name not in event]
        raise NotAnEventError(f"it lacks {', '.join(missing)}" if missing else "it has members that no event has")
    if not isinstance(event["payload"], dict):
        raise NotAnEventError("its payload is no object")
    for name in _TEXTS:
        if not isinstance(event[name], str) or not event[name]:
            raise NotAnEventError(f"its {name} is no text")


def time_text(time: datetime) -> str:
    """A time as RFC 3339 in UTC with milliseconds, such as "2026-11-23T08:15:30.250Z"."""
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{time.microsecond // 1000:03}Z"


_MEMBERS: Final = frozenset(MEMBERS)
_TEXTS: Final = tuple(name for name in MEMBERS if name != "payload")


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")
