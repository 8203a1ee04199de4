"""The settings of the alarms: when they fire, and who is notified."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from dataplatform.settings.base import GIVEN_PARAMETER_KEYS, MailAddress, ParameterName, SettingsModel, check_distinct

# Lambda takes 4 KB of environment variables.
_MOST_ENVIRONMENT_BYTES: Final = 3_500
_BYTES_OF_A_TOPIC: Final = 150
"""A topic's ARN, the format, quotes and separators."""


class WebhookSettings(SettingsModel):
    """A webhook, to which each alarm is posted."""

    url_parameter: Annotated[
        ParameterName,
        Field(
            description="Name of an SSM SecureString that you create with the URL, encrypted with "
            f"{GIVEN_PARAMETER_KEYS}. The URL is a secret: it is not in the state."
        ),
    ]
    format: Annotated[
        Literal["json", "slack", "teams"],
        Field(description="Form of the posted body: `json` for a service, or the chat's own."),
    ] = "json"


Webhooks = Annotated[tuple[WebhookSettings, ...], AfterValidator(check_distinct)]


class RouteSettings(SettingsModel):
    """Who is notified of the alarms of one owner's datasets."""

    emails: Annotated[
        tuple[MailAddress, ...],
        AfterValidator(check_distinct),
        Field(description="Addresses. Each has to confirm AWS's first mail."),
    ] = ()
    webhooks: Annotated[Webhooks, Field(description="Webhooks, of a service or a chat.")] = ()

    @model_validator(mode="after")
    def _leads_somewhere(self) -> Self:
        if not self.emails and not self.webhooks:
            raise ValueError("the route notifies nobody; name emails or webhooks, or remove it")
        return self


class AlarmSettings(SettingsModel):
    """Thresholds of the alarms that no dataset declares, and who is notified."""

    quarantine_percent: Annotated[
        float,
        Field(ge=0, lt=100, description="Share of the rows of a dataset that may be refused within an hour, in %."),
    ] = 5
    monthly_budget_dollars: Annotated[
        int | None,
        Field(
            ge=1,
            description="Budget of the whole account, in USD per month. A message is sent when 80 % of it is spent, "
            "and when the month's forecast is above it. Without this setting there is no budget.",
        ),
    ] = None
    webhooks: Annotated[
        Webhooks, Field(description="Webhooks of every alarm that no route applies to, beside `alarmEmails`.")
    ] = ()
    routes: Annotated[
        Mapping[str, RouteSettings],
        Field(
            description="By NAME of an owner as datasets declare it: who is notified of the alarms of the owner's "
            "datasets, instead of `alarmEmails` and `alarms.webhooks`."
        ),
    ] = Field(default_factory=dict)

    @property
    def every_webhook(self) -> Iterator[WebhookSettings]:
        """The webhooks of all routes and of what no route applies to."""
        yield from self.webhooks
        for route in self.routes.values():
            yield from route.webhooks

    @model_validator(mode="after")
    def _can_be_deployed(self) -> Self:
        check_distinct([topic_suffix(owner) for owner in self.routes])
        formats: dict[str, str] = {}
        for webhook in self.every_webhook:
            if formats.setdefault(webhook.url_parameter, webhook.format) != webhook.format:
                raise ValueError(f"{webhook.url_parameter} has two formats; choose one")
        size = sum(len(webhook.url_parameter) + _BYTES_OF_A_TOPIC for webhook in self.every_webhook)
        if size > _MOST_ENVIRONMENT_BYTES:
            raise ValueError(
                f"the webhooks take {size:,} bytes of the forwarder's environment, which holds "
                f"{_MOST_ENVIRONMENT_BYTES:,}; name fewer webhooks, or use shorter parameter names"
            )
        return self


def topic_suffix(owner: str) -> str:
    """How the name of an owner's topic ends: the owner in characters that SNS accepts."""
    plain = re.sub(r"[^a-z0-9]+", "-", owner.lower()).strip("-")
    return plain or hashlib.sha256(owner.encode()).hexdigest()[:8]
