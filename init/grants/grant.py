"""One grant of permissions, and the ARNs of a stack's resources."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from init.names import PROJECT, Names


@dataclass(frozen=True, slots=True)
class Grant:
    """Actions on some resources."""

    sid: str
    resources: Sequence[str]
    reads: Sequence[str] = ()
    secrets: Sequence[str] = ()
    """Reads whose answers contain a key, a password or the means to decrypt one; a preview has none of them."""
    changes: Sequence[str] = ()
    condition: Mapping[str, Any] | None = None


class Scope:
    """ARNs of a stack's resources, and conditions on its tag."""

    def __init__(self, names: Names, stack: str) -> None:
        self.names, self.stack, self.prefix = names, stack, f"{PROJECT}-{stack}"
        self.tagged: Mapping[str, Any] = {
            "StringEquals": {"aws:ResourceTag/stack": stack},
            "StringEqualsIfExists": {"aws:RequestTag/stack": stack},
        }
        """The resource belongs to the stack, and still does if it is tagged again."""
        self.tagging: Mapping[str, Any] = {"StringEquals": {"aws:RequestTag/stack": stack}}
        """The resource becomes the stack's. Alone, this condition is safe only for resources that do not exist yet."""
        self.untagged: Mapping[str, Any] = {"Null": {"aws:ResourceTag/stack": "true"}}

    def arns(self, service: str, *resources: str) -> list[str]:
        """Return ARNs in this account and region."""
        return [f"arn:aws:{service}:{self.names.region}:{self.names.account}:{each}" for each in resources]
