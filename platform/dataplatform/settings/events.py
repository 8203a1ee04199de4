"""The settings of the stream: who posts, who calls back, and in what batches events land."""

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
# Lambda takes 4 KB of environment variables. The others of the receiver take less than 1 KB.
_MOST_ENVIRONMENT_BYTES: Final = 3_000
# docs.aws.amazon.com/waf/latest/APIReference/API_RateBasedStatement.html
FEWEST_REQUESTS_OF_AN_ADDRESS: Final = 10
MOST_REQUESTS_OF_AN_ADDRESS: Final = 2_000_000_000
_BYTES_OF_A_KEY_ID: Final = 20
"""An API key's id, quotes and separators."""

OneOrTwo = Annotated[tuple[Name, ...], AfterValidator(check_distinct), Field(min_length=1, max_length=2)]
"""Names of keys or secrets: two while a caller changes from one to the other."""


class ProviderSettings(SettingsModel):
    """What one provider may post with its API key."""

    requests_per_second: Annotated[int, Field(ge=1, le=10_000, description="Requests a second, lasting.")] = 50
    burst: Annotated[int, Field(ge=1, le=5_000, description="Requests at once, before the rate counts.")] = 100
    requests_per_day: Annotated[int, Field(ge=1, le=MOST_REQUESTS, description="Requests a day.")] = 1_000_000
    keys: Annotated[
        OneOrTwo,
        Field(
            description="Names of the API keys that the program makes, at most two. Each is accepted, with limits of "
            "its own, so that the provider can [change](rotate-keys.md#api-key-of-a-provider) from one to the other.",
        ),
    ] = (FIRST,)


class CallbackSettings(SettingsModel):
    """How one third party calls back."""

    signature_header: Annotated[str, Field(pattern=HEADER_PATTERN, description="Header with the signature.")] = (
        "X-Signature"
    )
    timestamp_header: Annotated[str, Field(pattern=HEADER_PATTERN, description="Header with the signed timestamp.")] = (
        "X-Timestamp"
    )
    tolerance_seconds: Annotated[
        int, Field(ge=1, le=3600, description="How far the timestamp may be from the time of receipt.")
    ] = 300
    event_id_pointer: Annotated[
        str | None,
        Field(
            pattern=POINTER_PATTERN,
            description="JSON pointer to the third party's own id in its body. Without it the body's hash is the id.",
        ),
    ] = None
    event_type_pointer: Annotated[
        str | None,
        Field(
            pattern=POINTER_PATTERN,
            description="JSON pointer to the kind of event in its body. Without it the kind is `NAME.callback`.",
        ),
    ] = None
    secret_parameter: Annotated[
        ParameterName | None,
        Field(
            description=f"Name of an SSM SecureString with the shared secret, encrypted with {GIVEN_PARAMETER_KEYS}; "
            "without it the program generates one."
        ),
    ] = None
    other_secret_parameter: Annotated[
        ParameterName | None,
        Field(
            description=f"The same of a second secret, encrypted with {GIVEN_PARAMETER_KEYS}. It is accepted as well "
            "while the third party [changes](rotate-keys.md#secret-of-a-third-party-that-calls-back) to it."
        ),
    ] = None
    secrets: Annotated[
        OneOrTwo,
        Field(
            description="Names of the secrets that the program generates, at most two. Each is accepted, so that the "
            "third party can [change](rotate-keys.md#secret-of-a-third-party-that-calls-back) from one to the other.",
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
        """Names of the parameters with secrets that the program does not generate."""
        return [each for each in (self.secret_parameter, self.other_secret_parameter) if each is not None]


class FirewallSettings(SettingsModel):
    """AWS WAF in front of the API."""

    requests_of_an_address: Annotated[
        int,
        Field(
            ge=FEWEST_REQUESTS_OF_AN_ADDRESS,
            le=MOST_REQUESTS_OF_AN_ADDRESS,
            description="Requests of one IP address in five minutes. Further ones are answered 403 until there are "
            "fewer again. All who post from behind one address count together.",
        ),
    ] = 10_000


class EventSettings(SettingsModel):
    """The stream."""

    providers: Annotated[
        Mapping[Name, ProviderSettings], Field(min_length=1, description="Who posts with an API key, by name.")
    ]
    callbacks: Annotated[
        Mapping[Name, CallbackSettings], Field(description="Third parties that call back, by name in the path.")
    ] = Field(default_factory=dict)
    keyless_requests_per_second: Annotated[
        int,
        Field(
            ge=1,
            le=10_000,
            description="Requests a second, lasting, to each path that needs no API key: the callbacks of all third "
            "parties together, and `/health`. Posts with a key are counted apart.",
        ),
    ] = 50
    keyless_burst: Annotated[
        int, Field(ge=1, le=5_000, description="Requests at once to such a path, before the rate counts.")
    ] = 100
    firewall: Annotated[
        FirewallSettings | None,
        Field(
            description="AWS WAF in front of the API: `{}` for its defaults. It limits each IP address and refuses "
            "those that AWS knows for attacks, at a [monthly price](costs.md#what-each-choice-adds)."
        ),
    ] = None
    cors_origin: Annotated[
        str,
        Field(
            pattern=r"^(\*|https?://[A-Za-z0-9.:-]+)$",
            description="Origin whose pages may call the API; any by default: keys, not cookies, say who calls.",
        ),
    ] = "*"
    batch_size: Annotated[int, Field(ge=1, le=10_000, description="Events that land in one object, at most.")] = 5_000
    batch_window_seconds: Annotated[
        int,
        Field(
            ge=0,
            le=300,
            description="Seconds that a batch is waited for. At least 1 if `batchSize` is above "
            f"{LARGEST_BATCH_WITHOUT_WINDOW}.",
        ),
    ] = 60
    batcher_maximum_concurrency: Annotated[int, Field(ge=2, le=1000, description="Batches that land at once.")] = 5

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
        """The receiver knows its callers from its environment, which Lambda limits."""
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
