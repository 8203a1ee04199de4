"""What every block of settings has in common."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from lake.keys import check_name

Name = Annotated[str, AfterValidator(check_name)]


class SettingsModel(BaseModel):
    """A block of settings: unknown names are refused, and Pulumi's files write camelCase."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel, populate_by_name=True)
