"""The parts of a trace."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from ops.stack.errors import OperatorError

Progress = Callable[[str], None]
"""Called with a few words about the present search."""
REQUESTS_AT_ONCE: Final = 8


class TraceError(OperatorError):
    """The text cannot be a key, or was not found; the message lists where the search looked."""


@dataclass(frozen=True, slots=True)
class Step:
    """One place on the way, and the facts known there."""

    place: str
    lines: tuple[str, ...]


def time_of(moment: datetime) -> str:
    """Format a time."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
