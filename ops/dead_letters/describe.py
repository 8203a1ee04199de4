"""What a person may see of a dead letter: which one it is and why it is there, without what it carries."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

_BEGINNING_CHARACTERS: Final = 60
_SHOWN_MEMBERS: Final = ("channel", "event_id", "event_type", "occurred_at", "dataset", "id", "detail-type", "time")
"""Members of a message that say which one it is. Everything else may be a person's, or secret."""

_OF_OBJECTS: Final = ("Object Created", "Object Deleted")


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One message."""

    message_id: str
    sent_at: datetime
    """When it came into the dead-letter queue."""
    reason: str
    """Why it is there, as far as it was recorded."""
    beginning: str
    """Which message it is, without its payload."""
    bytes: int


def describe(message: Mapping[str, Any]) -> DeadLetter:
    """What a person may see of a message as SQS gives it."""
    body: str = message["Body"]
    return DeadLetter(
        message_id=message["MessageId"],
        sent_at=sent_at(message),
        reason=_reason(message),
        beginning=_beginning(body),
        bytes=len(body.encode()),
    )


def sent_at(message: Mapping[str, Any]) -> datetime:
    """When a message came into its queue."""
    return datetime.fromtimestamp(int(message["Attributes"]["SentTimestamp"]) / 1000, UTC)


def request_of(body: str) -> dict[str, Any]:
    """What was asked for, of what Lambda sent the request that it failed on; empty if it is no JSON object."""
    document = json_object(body)
    request = document.get("requestPayload", document)
    return request if isinstance(request, dict) else {}


def json_object(text: str) -> dict[str, Any]:
    """A text's JSON object; empty if it is none."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def attribute(message: Mapping[str, Any], name: str) -> str | None:
    """The text of a message's attribute; None if it has none of that name."""
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
    # Of what is no event the beginning alone tells what it may be, up to where a payload could begin.
    beginning = body.partition("payload")[0]
    return json.dumps(beginning[:_BEGINNING_CHARACTERS])[1:-1]


def object_key(request: Mapping[str, Any]) -> str | None:
    """Key of the object that an event of S3 is about; None if it is not such an event."""
    detail = request.get("detail")
    created = detail.get("object") if isinstance(detail, dict) else None
    key = created.get("key") if isinstance(created, dict) else None
    return key if isinstance(key, str) and request.get("detail-type") in _OF_OBJECTS else None
