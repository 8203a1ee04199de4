"""Summarises a message of an alarm topic for a person, and builds the request body for each form of webhook."""

import json
from dataclasses import dataclass
from typing import Any, Final, assert_never

import msgspec

from functions.alarm_forwarder.settings import Format

_CARD: Final = "application/vnd.microsoft.card.adaptive"


class Message(msgspec.Struct, frozen=True):
    """A message of a topic, as SNS passes it to a function."""

    topic: str = msgspec.field(name="TopicArn")
    message: str = msgspec.field(name="Message")
    """The published message: JSON for an alarm or alert, plain text for a budget."""
    subject: str | None = msgspec.field(name="Subject", default=None)
    """The subject, if the publisher set one."""


@dataclass(frozen=True, slots=True)
class Notice:
    """The text that a person reads."""

    title: str
    text: str
    content: Any
    """The whole message: decoded if it is JSON, otherwise its text."""


def read_notice(message: Message) -> Notice:
    """Summarise a message from CloudWatch, an alert rule or any other publisher."""
    try:
        content = json.loads(message.message)
    except json.JSONDecodeError:
        content = message.message
    match content:
        case {"AlarmName": str(name), "NewStateValue": str(state), **others}:
            lines = (others.get("AlarmDescription"), others.get("NewStateReason"))
            return Notice(f"{state}: {name}", "\n".join(line for line in lines if line), content)
        case {"alert": str(alert), "runbook": str(runbook)}:
            return Notice(alert, f"Runbook: {runbook}", content)
        case _:
            return Notice(message.subject or "Message of the data platform", message.message, content)


def body_of(notice: Notice, form: Format) -> bytes:
    """Return the JSON that a webhook expects.

    Sources: docs.slack.dev/messaging/sending-messages-using-incoming-webhooks, and for Teams
    learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using.
    """
    match form:
        case "json":
            body = {"title": notice.title, "text": notice.text, "message": notice.content}
        case "slack":
            body = {"text": f"*{_escaped(notice.title)}*\n{_escaped(notice.text)}"}
        case "teams":
            body = {"type": "message", "attachments": [{"contentType": _CARD, "content": _card(notice)}]}
        case _:
            assert_never(form)
    return json.dumps(body).encode()


def _escaped(text: str) -> str:
    """Escape the three characters that Slack reads as markup."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _card(notice: Notice) -> dict[str, Any]:
    title = {"type": "TextBlock", "text": notice.title, "weight": "Bolder", "wrap": True}
    text = {"type": "TextBlock", "text": notice.text, "wrap": True}
    return {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [title, text],
    }
