"""The cleansing routines that a dataset chooses from, column by column.

A routine takes text and gives text: it never fails, never sees the type and leaves what it cannot improve. Whether the
result is acceptable is for the schema to say. Missing values stay missing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import polars as pl


@dataclass(frozen=True, slots=True)
class Routine:
    """One named way of cleansing a text column."""

    name: str
    description: str
    """One sentence for the person who chooses routines, as the documentation prints it."""
    expression: Callable[[pl.Expr], pl.Expr]
    """From the column's text to its cleansed text."""


def _empty_to_null(text: pl.Expr) -> pl.Expr:
    return pl.when(text != "").then(text)


TRIM: Final = Routine(
    "trim",
    "Removes white space, of any kind that Unicode knows, from both ends.",
    lambda text: text.str.strip_chars(),
)
COLLAPSE_SPACES: Final = Routine(
    "collapse_spaces",
    "Makes one space of every run of white space, line breaks within quotes included.",
    lambda text: text.str.replace_all(r"\s+", " "),
)
EMPTY_TO_NULL: Final = Routine(
    "empty_to_null",
    "Takes empty text for a missing value. Choose it after `trim`, so that blanks count as empty.",
    _empty_to_null,
)
UPPER_CASE: Final = Routine(
    "upper_case",
    "Writes every letter in upper case.",
    lambda text: text.str.to_uppercase(),
)
TITLE_CASE: Final = Routine(
    "title_case",
    "Writes each word with an upper case first letter and the rest in lower case.",
    lambda text: text.str.to_titlecase(),
)
UNICODE_NFC: Final = Routine(
    "unicode_nfc",
    "Composes letters and their accents (Unicode NFC), so that text that looks equal is equal.",
    lambda text: text.str.normalize("NFC"),
)
REGISTRATION_PLATE: Final = Routine(
    "registration_plate",
    "Writes a vehicle's registration plate in upper case without spaces and hyphens: `ab12 cde` becomes `AB12CDE`.",
    lambda text: text.str.replace_all(r"[\s\-]+", "").str.to_uppercase(),
)

ROUTINES: Final = {
    routine.name: routine
    for routine in (
        TRIM,
        COLLAPSE_SPACES,
        EMPTY_TO_NULL,
        UPPER_CASE,
        TITLE_CASE,
        UNICODE_NFC,
        REGISTRATION_PLATE,
    )
}
"""Every routine by its name, in the order in which the documentation lists them."""
