"""How third parties sign the events that they post: one model for the program that writes it and for the receiver."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from lake.json_pointer import POINTER_PATTERN

FIRST = "first"
"""Name of a provider's only secret or API key, unless the settings name several."""
HEADER_PATTERN = r"^[A-Za-z][A-Za-z0-9-]{0,63}$"


class CallbackProvider(BaseModel):
    """How one third party signs its callbacks. Stored as JSON in {prefix}/events/callbacks/{name}."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    # The header with the HMAC-SHA256 of timestamp, full stop and body, in hexadecimal.
    signature_header: Annotated[str, Field(pattern=HEADER_PATTERN)] = "X-Signature"
    # The header with the time of signing, in seconds since 1970.
    timestamp_header: Annotated[str, Field(pattern=HEADER_PATTERN)] = "X-Timestamp"
    # The largest accepted difference between a timestamp and the time of receipt.
    tolerance_seconds: Annotated[int, Field(ge=1, le=3600)] = 300
    # JSON pointers into the body. If a pointer is None or leads nowhere, the event's id is the body's hash, and its
    # type is the provider's name with ".callback".
    event_id_pointer: Annotated[str | None, Field(pattern=POINTER_PATTERN)] = None
    event_type_pointer: Annotated[str | None, Field(pattern=POINTER_PATTERN)] = None
    # Name of the SSM SecureString that holds the secret shared with the provider.
    secret_parameter: str
    # Name of the SSM SecureString with a second secret. The receiver accepts both while the provider changes its
    # secret.
    other_secret_parameter: str | None = None

    @property
    def secret_parameters(self) -> tuple[str, ...]:
        """Names of the parameters that hold the secrets: one, or two while the secret changes."""
        return (self.secret_parameter, *([self.other_secret_parameter] if self.other_secret_parameter else []))

    def to_json(self) -> str:
        """Return the stored form. Earlier versions of the receiver can read it unless it names two secrets."""
        return self.model_dump_json(exclude_none=True)


def callback_parameter(prefix: str, provider: str) -> str:
    """Return the name of the SSM parameter that describes a provider's callbacks."""
    return f"{callbacks_prefix(prefix)}/{provider}"


def callbacks_prefix(prefix: str) -> str:
    """Return the prefix of the callback parameters of all providers."""
    return f"{prefix}/events/callbacks"


def callback_secret_parameter(prefix: str, provider: str, secret: str = FIRST) -> str:
    """Return the name of the SSM SecureString that holds one of a provider's secrets, if the program generated it."""
    return f"{callback_parameter(prefix, provider)}/secret{_ending(secret)}"


def api_key_parameter(prefix: str, provider: str, key: str = FIRST) -> str:
    """Return the name of the SSM SecureString that holds one of a provider's API keys."""
    return f"{prefix}/events/providers/{provider}/api-key{_ending(key)}"


def _ending(name: str) -> str:
    # The first secret keeps the name that it had when a provider could have only one.
    return "" if name == FIRST else f"-{name}"
