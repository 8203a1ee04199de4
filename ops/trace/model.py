"""What a trace is made of."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

from ops.stack.errors import OperatorError

Progress = Callable[[str], None]
"""Told in a few words what is being looked at."""
REQUESTS_AT_ONCE: Final = 8


class TraceError(OperatorError):
    """What was asked for can be no key, or is nowhere; the message says where it was looked for."""


@dataclass(frozen=True, slots=True)
class Step:
    """One place on the way, and what is known there."""

    place: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Days:
    """Days of landing, both included."""

    first: date = date.min
    last: date = date.max

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last

    def in_words(self) -> str:
        """For the one who looks for what was not found."""
        if self == Days():
            return "of all days"
        return f"that landed from {self.first} to {self.last}".replace("0001-01-01", "ever").replace(
            "9999-12-31", "now"
        )


def time_of(moment: datetime) -> str:
    """A time as it is shown."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
