"""The stored form of an event, shared by the receiver, the batcher and the warehouse job.

One event is one line of compact JSON with sorted members: five that the sender posts (event_id, event_type,
occurred_at, source, payload) and three that the receiver adds (received_at, request_id, channel).
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from lake.errors import LakeError

CHANNEL: Final = "channel"
MEMBERS: Final = (
    "event_id",
    "event_type",
    "occurred_at",
    "source",
    "payload",
    "received_at",
    "request_id",
    CHANNEL,
)
UNKNOWN_CHANNEL: Final = "unknown"
"""Channel of events that were stored before the receiver recorded channels. The receiver never writes it."""
CHANNEL_PATTERN: Final = rf"^({UNKNOWN_CHANNEL}|(key|callback):[a-z][a-z0-9_]{{0,62}})$"

# Sorted members: an event that is posted again with its members in another order becomes the same line.
_encode: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False, sort_keys=True).encode
# SQS refuses these two characters, but JSON can escape them. The encoder escapes the others that SQS refuses.
_NONCHARACTERS: Final = {"\ufffe": "\\ufffe", "\uffff": "\\uffff"}


class NotAnEventError(LakeError, ValueError):
    """The text is not a stored event. The message gives the reason and quotes nothing from the text."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """How an event arrived. The receiver alone sets these values; none is copied from the posted event."""

    received_at: datetime
    """With a time zone."""
    request_id: str
    channel: str
    """The result of `key_channel` or `callback_channel`."""


def key_channel(provider: str) -> str:
    """Return the channel of events that a provider posts with its API key."""
    return f"key:{provider}"


def callback_channel(provider: str) -> str:
    """Return the channel of a third party's signed callbacks."""
    return f"callback:{provider}"


def stored_event(posted: Mapping[str, Any], receipt: Receipt) -> str:
    """Return the line to store for an event.

    Args:
        posted: the event's five members, without lone surrogates, NaN and infinities.
        receipt: how the event arrived.
    """
    text = _encode(
        {
            **posted,
            "received_at": time_text(receipt.received_at),
            "request_id": receipt.request_id,
            CHANNEL: receipt.channel,
        }
    )
    for character, escaped in _NONCHARACTERS.items():
        text = text.replace(character, escaped)
    return text


def check_stored_event(line: str) -> None:
    """Check that a text is one stored event. Events without a channel, from earlier versions, are valid.

    Raises:
        NotAnEventError: The text is not a stored event.
    """
    if "\n" in line or "\r" in line:
        raise NotAnEventError("it has more than one line")
    try:
        event = json.loads(line, parse_constant=_refuse_constant, object_pairs_hook=_each_member_once)
    except (ValueError, RecursionError):
        raise NotAnEventError("it is not JSON") from None
    if not isinstance(event, dict):
        raise NotAnEventError("it is not a JSON object")
    if event.keys() not in (_MEMBERS, _OLD_MEMBERS):
        missing = [name for name in MEMBERS if name not in event and name in _OLD_MEMBERS]
        raise NotAnEventError(
            f"it does not have {', '.join(missing)}" if missing else "it has members that events do not have"
        )
    if not isinstance(event["payload"], dict):
        raise NotAnEventError("its payload is not an object")
    for name in _TEXTS:
        if not isinstance(event[name], str) or not event[name]:
            raise NotAnEventError(f"its {name} is not a string or is empty")
    channel = event.get(CHANNEL, UNKNOWN_CHANNEL)
    if not isinstance(channel, str) or _CHANNEL.fullmatch(channel) is None:
        raise NotAnEventError(f"its channel is not key:NAME, callback:NAME or {UNKNOWN_CHANNEL}")


def time_text(time: datetime) -> str:
    """Return a time as RFC 3339 in UTC with milliseconds, such as "2026-11-23T08:15:30.250Z"."""
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{time.microsecond // 1000:03}Z"


_MEMBERS: Final = frozenset(MEMBERS)
_OLD_MEMBERS: Final = _MEMBERS - {CHANNEL}
_CHANNEL: Final = re.compile(CHANNEL_PATTERN)
_TEXTS: Final = tuple(name for name in MEMBERS if name not in {"payload", CHANNEL})


def _each_member_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a member is named twice")
    return members


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
