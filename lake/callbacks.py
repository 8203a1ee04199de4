"""Who posts events and how third parties sign theirs: one model for the program that writes it and the receiver."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from lake.json_pointer import POINTER_PATTERN

FIRST = "first"
"""Name of the one secret, or the one API key, that a provider has unless its settings name others."""
HEADER_PATTERN = r"^[A-Za-z][A-Za-z0-9-]{0,63}$"


class CallbackProvider(BaseModel):
    """How one third party calls back. Stored as JSON in {prefix}/events/callbacks/{name}."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    # Header with the hexadecimal HMAC-SHA256 of timestamp, full stop and body.
    signature_header: Annotated[str, Field(pattern=HEADER_PATTERN)] = "X-Signature"
    # Header with the time of signing, in seconds since 1970.
    timestamp_header: Annotated[str, Field(pattern=HEADER_PATTERN)] = "X-Timestamp"
    # How far a timestamp may be from the time of receipt.
    tolerance_seconds: Annotated[int, Field(ge=1, le=3600)] = 300
    # JSON pointers into the body. None, or a pointer that leads nowhere: the body's hash is the id, the provider's
    # name with ".callback" the type.
    event_id_pointer: Annotated[str | None, Field(pattern=POINTER_PATTERN)] = None
    event_type_pointer: Annotated[str | None, Field(pattern=POINTER_PATTERN)] = None
    # Name of the SSM SecureString that holds the secret which is shared with the provider.
    secret_parameter: str
    # That of another secret, which is accepted as well: of two the provider may sign with either while it changes.
    other_secret_parameter: str | None = None

    @property
    def secret_parameters(self) -> tuple[str, ...]:
        """Names of the secrets' parameters: one, or two during a change."""
        return (self.secret_parameter, *([self.other_secret_parameter] if self.other_secret_parameter else []))

    def to_json(self) -> str:
        """As it is stored. A receiver of an earlier version reads it, unless there are two secrets."""
        return self.model_dump_json(exclude_none=True)


def callback_parameter(prefix: str, provider: str) -> str:
    """Name of the SSM parameter that says how a provider calls back."""
    return f"{callbacks_prefix(prefix)}/{provider}"


def callbacks_prefix(prefix: str) -> str:
    """What the parameters of all providers that call back begin with."""
    return f"{prefix}/events/callbacks"


def callback_secret_parameter(prefix: str, provider: str, secret: str = FIRST) -> str:
    """Name of the SSM SecureString that holds one of a provider's secrets, where the program generated it."""
    return f"{callback_parameter(prefix, provider)}/secret{_ending(secret)}"


def api_key_parameter(prefix: str, provider: str, key: str = FIRST) -> str:
    """Name of the SSM SecureString that holds one of a provider's API keys."""
    return f"{prefix}/events/providers/{provider}/api-key{_ending(key)}"


def _ending(name: str) -> str:
    # The first one's name is that from before there could be two.
    return "" if name == FIRST else f"-{name}"
