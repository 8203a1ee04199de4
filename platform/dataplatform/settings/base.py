"""What every block of settings has in common."""

import re
from collections.abc import Sequence
from typing import Annotated, Final, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from lake.keys import check_name

PARAMETER_CHARACTERS: Final = 4096
"""What a standard parameter of SSM holds."""

Name = Annotated[str, AfterValidator(check_name)]
# docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-su-create.html: 15 levels at most.
GIVEN_PARAMETER_KEYS: Final = (
    "the stack's key `alias/data-platform-STACK` or with `alias/aws/ssm`, and named below `/data-platform/STACK/` or "
    "tagged `stack=STACK`"
)
"""What a SecureString that a person made is encrypted with and known by: the platform's roles read no other."""
ParameterName = Annotated[str, Field(pattern=r"^(/[a-zA-Z0-9_.-]+){1,15}$", max_length=1011)]
_MAIL_ADDRESS: Final = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")
_Values = TypeVar("_Values", bound=Sequence[object])


def _mail_address(value: str) -> str:
    if _MAIL_ADDRESS.fullmatch(value) is None:
        raise ValueError("not a mail address, such as data-team@example.org")
    return value


MailAddress = Annotated[str, AfterValidator(_mail_address)]


def check_distinct(values: _Values) -> _Values:
    """Return a list unchanged.

    Raises:
        ValueError: it has an entry twice, of which AWS or Pulumi refuses the second.
    """
    if repeated := sorted({str(value) for value in values if values.count(value) > 1}):
        raise ValueError(f"named twice: {', '.join(repeated)}")
    return values


class SettingsModel(BaseModel):
    """A block of settings: unknown names are refused, and Pulumi's files write camelCase."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel, populate_by_name=True)
