"""The settings of the alarms: above what they ring."""

from typing import Annotated

from pydantic import Field

from dataplatform.settings.base import SettingsModel


class AlarmSettings(SettingsModel):
    """Above what the alarms ring that are not decided by a declaration."""

    quarantine_percent: Annotated[
        float,
        Field(ge=0, lt=100, description="Share of the rows of a dataset that may be refused within an hour, in %."),
    ] = 5
    monthly_budget_dollars: Annotated[
        int | None,
        Field(
            ge=1,
            description="USD that the account may cost a month: 80 % of it spent, and more than all of it foreseen, is "
            "told to the topic. Without it there is no budget.",
        ),
    ] = None
