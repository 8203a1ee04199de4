"""What a trace is made of."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
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


def time_of(moment: datetime) -> str:
    """A time as it is shown."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
