"""What every reader gives: an object's records as text, each with where it came from."""

from dataclasses import dataclass
from typing import Final

import polars as pl

LINE: Final = "_line"
"""Number of the physical line on which the record starts, from 1; the header is on line 1."""
ORIGINAL: Final = "_original"
"""The record's text as it came, quotes included, without the line break at its end."""
DELETED: Final = "_deleted"
"""Whether the source has the row no more; its other values then tell what it was."""
STRUCTURE_RULE: Final = "_structure_rule"
"""Name of the structural rule that the record breaks; missing if its fields could be told apart."""
STRUCTURE_REASON: Final = "_structure_reason"
"""The same in words."""


class UnreadableObjectError(Exception):
    """An object that cannot be read as a whole, and what its sender should change."""


@dataclass(frozen=True, slots=True)
class Records:
    """The records of one object, in its order."""

    header: str
    """The header's original text: with it, a record's original text can be read again."""
    frame: pl.DataFrame
    """LINE, ORIGINAL, STRUCTURE_RULE, STRUCTURE_REASON, then the declared columns as text in their declared order.

    The declared columns are missing where STRUCTURE_RULE is not.
    """
    deleted: frozenset[int] = frozenset()
    """Lines of the records that say that their source has them no more."""
