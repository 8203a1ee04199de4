"""Shortens the names that an object contains, so a message stays short however many and however long they are."""

import itertools
from collections.abc import Collection
from typing import Final

MOST_NAMES: Final = 200
MOST_CHARACTERS: Final = 255
"""Characters of a name. PostgreSQL and SQL Server allow fewer."""


def listed(names: Collection[str]) -> str:
    """List names for a message: the first 200, each with its first 255 characters, and the number of the others."""
    words = f"{beginning(names)}"
    return words if len(names) <= MOST_NAMES else f"{words} and {len(names) - MOST_NAMES:,} more"


def beginning(names: Collection[str]) -> list[str]:
    """Return the first 200 names, each with its first 255 characters."""
    return [shortened(name) for name in itertools.islice(names, MOST_NAMES)]


def shortened(name: str) -> str:
    """Return the first 255 characters of a name."""
    return name if len(name) <= MOST_CHARACTERS else f"{name[:MOST_CHARACTERS]}…"
