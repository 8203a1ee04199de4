"""The receiver's environment variables."""

import msgspec


class Settings(msgspec.Struct, frozen=True):
    """The senders of events, and the queue and table that the receiver uses."""

    queue_url: str = msgspec.field(name="EVENTS_QUEUE_URL")
    parameter_prefix: str = msgspec.field(name="PARAMETER_PREFIX")
    signatures_table: str = msgspec.field(name="SIGNATURES_TABLE")
    key_providers: dict[str, str] = msgspec.field(name="API_KEY_PROVIDERS")
    """The provider of each API key, by the key's id."""
    callbacks: tuple[str, ...] = msgspec.field(name="CALLBACK_PROVIDERS")
    """Names of the third parties that send callbacks."""
    cors_origin: str = msgspec.field(name="CORS_ORIGIN", default="*")
