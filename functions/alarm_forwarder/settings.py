"""The alarm forwarder's environment variables."""

from typing import Literal

import msgspec

Format = Literal["json", "slack", "teams"]


class Webhook(msgspec.Struct, frozen=True):
    """The form and topics of one webhook."""

    format: Format
    """Form of the request body."""
    topics: tuple[str, ...]
    """ARNs of the topics whose messages the webhook receives."""


class Settings(msgspec.Struct, frozen=True):
    """The webhooks, by the name of the SSM parameter that holds the URL."""

    webhooks: dict[str, Webhook] = msgspec.field(name="WEBHOOKS")
