"""Types and checks that all blocks of settings share."""

import re
from collections.abc import Sequence
from typing import Annotated, Final, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from lake.keys import check_name

PARAMETER_CHARACTERS: Final = 4096
"""Size of a standard SSM parameter."""

Name = Annotated[str, AfterValidator(check_name)]
# docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-su-create.html: 15 levels at most.
GIVEN_PARAMETER_KEYS: Final = (
    "the stack's key `alias/data-platform-STACK` or with `alias/aws/ssm`. Its name has to start with "
    "`/data-platform/STACK/`, or it needs the tag `stack=STACK`"
)
"""Conditions for a SecureString that a person creates. The platform's roles cannot read any other."""
ParameterName = Annotated[str, Field(pattern=r"^(/[a-zA-Z0-9_.-]+){1,15}$", max_length=1011)]
_MAIL_ADDRESS: Final = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")
_Values = TypeVar("_Values", bound=Sequence[object])


def _mail_address(value: str) -> str:
    if _MAIL_ADDRESS.fullmatch(value) is None:
        raise ValueError("not a valid mail address, such as data-team@example.org")
    return value


MailAddress = Annotated[str, AfterValidator(_mail_address)]


def check_distinct(values: _Values) -> _Values:
    """Return a list unchanged if its entries are distinct.

    Raises:
        ValueError: An entry is in the list twice; AWS or Pulumi would refuse the second.
    """
    if repeated := sorted({str(value) for value in values if values.count(value) > 1}):
        raise ValueError(f"listed twice: {', '.join(repeated)}")
    return values


class SettingsModel(BaseModel):
    """A block of settings. It refuses unknown names, and its names are camelCase in Pulumi's files."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel, populate_by_name=True)
