"""One grant, and the ARNs of what is a stack's."""

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
    """Reads that are answered with a key, a password or what decrypts one: none of a preview's."""
    changes: Sequence[str] = ()
    condition: Mapping[str, Any] | None = None


class Scope:
    """ARNs of what is a stack's."""

    def __init__(self, names: Names, stack: str) -> None:
        self.names, self.stack, self.prefix = names, stack, f"{PROJECT}-{stack}"
        self.tagged: Mapping[str, Any] = {
            "StringEquals": {"aws:ResourceTag/stack": stack},
            "StringEqualsIfExists": {"aws:RequestTag/stack": stack},
        }
        """The resource is the stack's, and stays so if it is tagged again."""
        self.tagging: Mapping[str, Any] = {"StringEquals": {"aws:RequestTag/stack": stack}}
        """The resource becomes the stack's. This alone is safe only for what does not exist yet."""
        self.untagged: Mapping[str, Any] = {"Null": {"aws:ResourceTag/stack": "true"}}

    def arns(self, service: str, *resources: str) -> list[str]:
        """ARNs in this account and region."""
        return [f"arn:aws:{service}:{self.names.region}:{self.names.account}:{each}" for each in resources]
