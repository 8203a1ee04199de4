"""One change to an account, and the error that says why there will be none."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from botocore.exceptions import ClientError


class BootstrapError(Exception):
    """The account cannot be prepared, or not be cleared; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Change:
    """What is missing, and how it is made.

    Changes come from generators that look at the account one after the other: whoever makes them does so before asking
    for the next. A dry run asks on without making any.
    """

    what: str
    """In the imperative, such as "create the bucket acme-state"."""
    make: Callable[[], object]


Changes = Iterator[Change]


def code_of(error: ClientError) -> str:
    """AWS's own code of an error, such as NoSuchBucket."""
    return str(error.response.get("Error", {}).get("Code", ""))
