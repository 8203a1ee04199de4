"""One change to an account, and the error that stops all further changes."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from botocore.exceptions import ClientError


class BootstrapError(Exception):
    """The account cannot be prepared or cleared; the message states what to do."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change that the account needs, with the function that makes it.

    Generators yield changes while they examine the account step by step. The caller makes each change before it
    requests the next one; a dry run requests all of them without making any.
    """

    what: str
    """The change in the imperative, such as "create the bucket acme-state"."""
    make: Callable[[], object]


Changes = Iterator[Change]


def code_of(error: ClientError) -> str:
    """Return AWS's code of an error, such as NoSuchBucket."""
    return str(error.response.get("Error", {}).get("Code", ""))
