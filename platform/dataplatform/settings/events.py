"""Settings of the stream: who posts, who calls back, and how events are batched."""

from collections.abc import Mapping
from typing import Annotated, Final, Self

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator

from dataplatform.settings.base import GIVEN_PARAMETER_KEYS, Name, ParameterName, SettingsModel, check_distinct
from lake.callbacks import FIRST, HEADER_PATTERN
from lake.json_pointer import POINTER_PATTERN

# docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html: a larger batch needs a window.
LARGEST_BATCH_WITHOUT_WINDOW: Final = 10
# API Gateway's quotas and limits are 32-bit numbers.
MOST_REQUESTS: Final = 2**31 - 1
# Lambda allows 4 KB of environment variables. The receiver's other variables need less than 1 KB.
_MOST_ENVIRONMENT_BYTES: Final = 3_000
# docs.aws.amazon.com/waf/latest/APIReference/API_RateBasedStatement.html
FEWEST_REQUESTS_OF_AN_ADDRESS: Final = 10
MOST_REQUESTS_OF_AN_ADDRESS: Final = 2_000_000_000
_BYTES_OF_A_KEY_ID: Final = 20
"""Bytes of an API key's id, quotes and separators."""

OneOrTwo = Annotated[tuple[Name, ...], AfterValidator(check_distinct), Field(min_length=1, max_length=2)]
"""Names of keys or secrets. There are two while a caller changes from one to the other."""


class ProviderSettings(SettingsModel):
    """Limits and API keys of one provider."""

    requests_per_second: Annotated[int, Field(ge=1, le=10_000, description="Sustained requests per second.")] = 50
    burst: Annotated[int, Field(ge=1, le=5_000, description="Requests at once, before the rate applies.")] = 100
    requests_per_day: Annotated[int, Field(ge=1, le=MOST_REQUESTS, description="Requests per day.")] = 1_000_000
    keys: Annotated[
        OneOrTwo,
        Field(
            description="Names of the API keys that the program creates, at most two. Both are accepted, each with "
            "its own limits, so the provider can [change](rotate-keys.md#api-key-of-a-provider) from one to the other.",
        ),
    ] = (FIRST,)


class CallbackSettings(SettingsModel):
    """How one third party signs its callbacks."""

    signature_header: Annotated[str, Field(pattern=HEADER_PATTERN, description="Header that holds the signature.")] = (
        "X-Signature"
    )
    timestamp_header: Annotated[
        str, Field(pattern=HEADER_PATTERN, description="Header that holds the signed timestamp.")
    ] = "X-Timestamp"
    tolerance_seconds: Annotated[
        int, Field(ge=1, le=3600, description="Seconds by which the timestamp may differ from the time of receipt.")
    ] = 300
    event_id_pointer: Annotated[
        str | None,
        Field(
            pattern=POINTER_PATTERN,
            description="JSON pointer to the event's id in the body. Without it, the id is a hash of the body.",
        ),
    ] = None
    event_type_pointer: Annotated[
        str | None,
        Field(
            pattern=POINTER_PATTERN,
            description="JSON pointer to the event's type in the body. Without it, the type is `NAME.callback`.",
        ),
    ] = None
    secret_parameter: Annotated[
        ParameterName | None,
        Field(
            description=f"Name of an SSM SecureString that holds the shared secret, encrypted with "
            f"{GIVEN_PARAMETER_KEYS}. Without this setting, the program generates a secret."
        ),
    ] = None
    other_secret_parameter: Annotated[
        ParameterName | None,
        Field(
            description="Name of an SSM SecureString that holds a second secret, encrypted with "
            f"{GIVEN_PARAMETER_KEYS}. Both secrets are accepted while the third party "
            "[changes](rotate-keys.md#secret-of-a-third-party-that-calls-back) from one to the other."
        ),
    ] = None
    secrets: Annotated[
        OneOrTwo,
        Field(
            description="Names of the secrets that the program generates, at most two. Both are accepted, so the third "
            "party can [change](rotate-keys.md#secret-of-a-third-party-that-calls-back) from one to the other.",
        ),
    ] = (FIRST,)

    @model_validator(mode="after")
    def _has_given_or_generated_secrets(self) -> Self:
        if self.secret_parameter is None:
            if self.other_secret_parameter is not None:
                raise ValueError(
                    "otherSecretParameter is given without secretParameter; name the first secret in secretParameter"
                )
        elif "secrets" in self.model_fields_set:
            raise ValueError("secrets and secretParameter exclude each other; leave one of them out")
        elif self.other_secret_parameter == self.secret_parameter:
            raise ValueError("otherSecretParameter is the same as secretParameter; name another parameter")
        return self

    @property
    def given_parameters(self) -> list[str]:
        """Names of the parameters that hold secrets which the program does not generate."""
        return [each for each in (self.secret_parameter, self.other_secret_parameter) if each is not None]


class FirewallSettings(SettingsModel):
    """AWS WAF in front of the API."""

    requests_of_an_address: Annotated[
        int,
        Field(
            ge=FEWEST_REQUESTS_OF_AN_ADDRESS,
            le=MOST_REQUESTS_OF_AN_ADDRESS,
            description="Requests that one IP address may send in five minutes. AWS WAF answers further requests with "
            "403 until the rate falls below the limit. All clients behind one address count together.",
        ),
    ] = 10_000


class EventSettings(SettingsModel):
    """The stream of posted events."""

    providers: Annotated[
        Mapping[Name, ProviderSettings],
        Field(min_length=1, description="Providers that post with an API key, by name."),
    ]
    callbacks: Annotated[
        Mapping[Name, CallbackSettings],
        Field(description="Third parties that call back, by their name in the path `/callbacks/NAME`."),
    ] = Field(default_factory=dict)
    keyless_requests_per_second: Annotated[
        int,
        Field(
            ge=1,
            le=10_000,
            description="Sustained requests per second to each path that needs no API key: the callbacks of all third "
            "parties together, and `/health`. Posts with a key have separate limits.",
        ),
    ] = 50
    keyless_burst: Annotated[
        int, Field(ge=1, le=5_000, description="Requests at once to such a path, before the rate applies.")
    ] = 100
    firewall: Annotated[
        FirewallSettings | None,
        Field(
            description="AWS WAF in front of the API; `{}` for its defaults. It limits each IP address, and refuses "
            "addresses that AWS knows as attackers. It has a [monthly price](costs.md#what-each-choice-adds)."
        ),
    ] = None
    cors_origin: Annotated[
        str,
        Field(
            pattern=r"^(\*|https?://[A-Za-z0-9.:-]+)$",
            description="Origin whose web pages may call the API. By default every origin may, because callers are "
            "identified by keys and not by cookies.",
        ),
    ] = "*"
    batch_size: Annotated[int, Field(ge=1, le=10_000, description="Most events that land in one object.")] = 5_000
    batch_window_seconds: Annotated[
        int,
        Field(
            ge=0,
            le=300,
            description="Seconds that the batcher waits for a full batch. At least 1 if `batchSize` is above "
            f"{LARGEST_BATCH_WITHOUT_WINDOW}.",
        ),
    ] = 60
    batcher_maximum_concurrency: Annotated[int, Field(ge=2, le=1000, description="Most batches at once.")] = 5

    @field_validator("batch_window_seconds")
    @classmethod
    def _waits_for_large_batches(cls, value: int, others: ValidationInfo) -> int:
        if value == 0 and others.data.get("batch_size", 0) > LARGEST_BATCH_WITHOUT_WINDOW:
            raise ValueError(
                "expected 1 to 300, because Lambda does not accept a batchSize above "
                f"{LARGEST_BATCH_WITHOUT_WINDOW} without a window"
            )
        return value

    @model_validator(mode="after")
    def _fits_the_receiver(self) -> Self:
        """Check that the names of all callers fit into the receiver's environment, which Lambda limits."""
        of_keys = [provider for provider, settings in self.providers.items() for _ in settings.keys]
        names = [*of_keys, *self.callbacks]
        size = sum(map(len, names)) + _BYTES_OF_A_KEY_ID * len(of_keys) + len(self.callbacks)
        if size > _MOST_ENVIRONMENT_BYTES:
            raise ValueError(
                f"{len(self.providers)} providers and {len(self.callbacks)} callbacks take {size:,} bytes of the "
                f"receiver's environment, which holds {_MOST_ENVIRONMENT_BYTES:,}; use shorter names or fewer of "
                "them"
            )
        return self
