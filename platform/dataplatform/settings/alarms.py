"""The thresholds of the alarms that no dataset declares."""

from typing import Annotated

from pydantic import Field

from dataplatform.settings.base import SettingsModel


class AlarmSettings(SettingsModel):
    """Thresholds of the alarms that no dataset declares."""

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
