"""Settings of the alarms: when they fire, and who is notified."""

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
    """A webhook that each alarm is posted to."""

    url_parameter: Annotated[
        ParameterName,
        Field(
            description="Name of the SSM SecureString that holds the webhook's URL, which is a secret. You create it, "
            f"encrypted with {GIVEN_PARAMETER_KEYS}."
        ),
    ]
    format: Annotated[
        Literal["json", "slack", "teams"],
        Field(description="Format of the posted body: `json` for a service, or the format of a chat."),
    ] = "json"


Webhooks = Annotated[tuple[WebhookSettings, ...], AfterValidator(check_distinct)]


class RouteSettings(SettingsModel):
    """Who is notified of the alarms of one owner's datasets."""

    emails: Annotated[
        tuple[MailAddress, ...],
        AfterValidator(check_distinct),
        Field(description="Mail addresses. Each address has to confirm AWS's first mail."),
    ] = ()
    webhooks: Annotated[Webhooks, Field(description="Webhooks of services or chats.")] = ()

    @model_validator(mode="after")
    def _leads_somewhere(self) -> Self:
        if not self.emails and not self.webhooks:
            raise ValueError("the route notifies nobody; name emails or webhooks, or remove it")
        return self


class AlarmSettings(SettingsModel):
    """Alarm thresholds that no dataset declares, and who is notified."""

    quarantine_percent: Annotated[
        float,
        Field(ge=0, lt=100, description="Percentage of a dataset's rows that may be refused within an hour."),
    ] = 5
    monthly_budget_dollars: Annotated[
        int | None,
        Field(
            ge=1,
            description="Monthly budget of the whole account, in USD. AWS sends a message when 80 % of it is spent, "
            "and when the month's forecast exceeds it. Without this setting, the account does not get a budget.",
        ),
    ] = None
    webhooks: Annotated[
        Webhooks, Field(description="Webhooks for the alarms that no route applies to, in addition to `alarmEmails`.")
    ] = ()
    routes: Annotated[
        Mapping[str, RouteSettings],
        Field(
            description="Who is notified of the alarms of one owner's datasets, instead of `alarmEmails` and "
            "`alarms.webhooks`. NAME is the owner as the datasets declare it."
        ),
    ] = Field(default_factory=dict)

    @property
    def every_webhook(self) -> Iterator[WebhookSettings]:
        """All webhooks: those of the routes, and those for all other alarms."""
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
    """Return the end of the name of an owner's topic: the owner in characters that SNS accepts."""
    plain = re.sub(r"[^a-z0-9]+", "-", owner.lower()).strip("-")
    return plain or hashlib.sha256(owner.encode()).hexdigest()[:8]
