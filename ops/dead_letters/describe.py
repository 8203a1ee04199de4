"""Describes a dead letter to a person: its identity and the reason for the failure, without its payload."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

_BEGINNING_CHARACTERS: Final = 60
_SHOWN_MEMBERS: Final = ("channel", "event_id", "event_type", "occurred_at", "dataset", "id", "detail-type", "time")
"""Members of a message that identify it. All other members may hold personal data or secrets."""

_OF_OBJECTS: Final = ("Object Created", "Object Deleted")


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One message."""

    message_id: str
    sent_at: datetime
    """When it arrived in the dead-letter queue."""
    reason: str
    """Why it failed, if the reason was recorded."""
    beginning: str
    """What identifies the message, without its payload."""
    bytes: int


def describe(message: Mapping[str, Any]) -> DeadLetter:
    """Describe a message as SQS returns it."""
    body: str = message["Body"]
    return DeadLetter(
        message_id=message["MessageId"],
        sent_at=sent_at(message),
        reason=_reason(message),
        beginning=_beginning(body),
        bytes=len(body.encode()),
    )


def sent_at(message: Mapping[str, Any]) -> datetime:
    """Return when a message arrived in its queue."""
    return datetime.fromtimestamp(int(message["Attributes"]["SentTimestamp"]) / 1000, UTC)


def request_of(body: str) -> dict[str, Any]:
    """Return the request in a message that Lambda sent after a failure; empty if it is not a JSON object."""
    document = json_object(body)
    request = document.get("requestPayload", document)
    return request if isinstance(request, dict) else {}


def json_object(text: str) -> dict[str, Any]:
    """Return the JSON object in a text; empty if the text holds none."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def attribute(message: Mapping[str, Any], name: str) -> str | None:
    """Return the text of a message's attribute; None if it has no attribute of that name."""
    return message.get("MessageAttributes", {}).get(name, {}).get("StringValue")


def _reason(message: Mapping[str, Any]) -> str:
    said = [text for name in ("reason", "ERROR_CODE", "ERROR_MESSAGE") if (text := attribute(message, name))]
    answered = json_object(message["Body"]).get("responsePayload")
    if isinstance(answered, dict) and "errorMessage" in answered:
        said.append(str(answered["errorMessage"]))
    return "; ".join(said) or "not recorded; the message was received too many times"


def _beginning(body: str) -> str:
    request = request_of(body)
    shown = {name: request[name] for name in _SHOWN_MEMBERS if name in request}
    if (key := object_key(request)) is not None:
        shown["key"] = key
    if shown:
        return json.dumps(shown)
    # Not an event: show its first characters, but never any payload.
    beginning = body.partition("payload")[0]
    return json.dumps(beginning[:_BEGINNING_CHARACTERS])[1:-1]


def object_key(request: Mapping[str, Any]) -> str | None:
    """Return the key of the object in an S3 event; None if the message is not such an event."""
    detail = request.get("detail")
    created = detail.get("object") if isinstance(detail, dict) else None
    key = created.get("key") if isinstance(created, dict) else None
    return key if isinstance(key, str) and request.get("detail-type") in _OF_OBJECTS else None
