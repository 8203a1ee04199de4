"""What a cleansing routine is."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import polars as pl

_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Routine:
    """One named way of cleansing a text column.

    It takes text and gives text, value by value, and never sees the column's type. Missing values stay missing. It
    never fails: it leaves what it cannot improve, or refuses it.

    Raises:
        ValueError: the name is none that a rule can have.
    """

    name: str
    """Unique among a column's routines. A routine that refuses lends it to the rule, such as "email|email"."""
    description: str
    """Some sentences for the person who chooses routines, as the documentation prints them."""
    expression: Callable[[pl.Expr], pl.Expr]
    """From the column's text to its cleansed text."""
    refuses: str | None = None
    """What a text has to be, such as "an e-mail address"; it completes "is not …" in the quarantine.

    None: it refuses nothing. Otherwise a text that the expression makes missing is refused, and its row goes to the
    quarantine; nothing is ever silently made missing by such a routine.
    """
    examples: Mapping[str, str | None] = field(default_factory=dict[str, str | None])
    """Texts and what becomes of them; None where they are refused, or go missing. Documentation that a test runs."""

    def __post_init__(self) -> None:
        """Refuse a name that would not read well in a rule."""
        if not _NAME.fullmatch(self.name):
            raise ValueError(
                f"{self.name!r} is not a valid routine name; use lower case letters, digits and underscores"
            )
