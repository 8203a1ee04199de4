"""Routines for any text: white space, letters, missing values."""

from typing import Final

import polars as pl

from processing.cleansing.routine import Routine

# Format and control characters, and what else has no ink: joiners, variation selectors, fillers and Braille's blank.
_INVISIBLE: Final = (
    r"[\p{Cf}\p{Cc}\x{034F}\x{115F}\x{1160}\x{17B4}\x{17B5}\x{2800}\x{3164}\x{FFA0}\x{FE00}-\x{FE0F}&&[^\t\n\r]]"
)


def _empty_to_null(text: pl.Expr) -> pl.Expr:
    return pl.when(text != "").then(text)


TRIM: Final = Routine(
    "trim",
    "Removes all Unicode white space from both ends.",
    lambda text: text.str.strip_chars(),
    examples={" \t\u00a0x y\u2003\n": "x y"},
)
REMOVE_INVISIBLE: Final = Routine(
    "remove_invisible",
    "Removes invisible characters, such as zero width spaces and byte order marks, but not tabs and "
    "line breaks, so that keys that look equal are equal. Do not use it for prose: Persian text and "
    "some emoji need such characters.",
    lambda text: text.str.replace_all(_INVISIBLE, ""),
    examples={"\ufeffA\u200b1\u00ad": "A1", "a\tb\u0000": "a\tb"},
)
COLLAPSE_SPACES: Final = Routine(
    "collapse_spaces",
    "Replaces each run of white space, including line breaks in quotes, with one space.",
    lambda text: text.str.replace_all(r"\s+", " "),
    examples={"a \t b\r\nc\u00a0\u00a0d": "a b c d"},
)
EMPTY_TO_NULL: Final = Routine(
    "empty_to_null",
    "Treats empty text as a missing value. Use it after `trim`, so that blanks count as empty.",
    _empty_to_null,
    examples={"": None, " ": " "},
)
UPPER_CASE: Final = Routine(
    "upper_case",
    "Writes all letters in upper case.",
    lambda text: text.str.to_uppercase(),
    examples={"focus é": "FOCUS É"},
)
LOWER_CASE: Final = Routine(
    "lower_case",
    "Writes all letters in lower case.",
    lambda text: text.str.to_lowercase(),
    examples={"FOCUS É": "focus é"},
)
TITLE_CASE: Final = Routine(
    "title_case",
    "Writes the first letter of each word in upper case and the rest in lower case.",
    lambda text: text.str.to_titlecase(),
    examples={"dark bLUE": "Dark Blue"},
)
UNICODE_NFC: Final = Routine(
    "unicode_nfc",
    "Composes letters with their accents (Unicode NFC), so that text that looks equal is equal.",
    lambda text: text.str.normalize("NFC"),
    examples={"Citroe\u0308n": "Citro\u00ebn"},
)
REGISTRATION_PLATE: Final = Routine(
    "registration_plate",
    "Writes a vehicle registration plate in upper case, without spaces and hyphens.",
    lambda text: text.str.replace_all(r"[\s\-]+", "").str.to_uppercase(),
    examples={" ab12-cde ": "AB12CDE", "ab\u00a012 c d e": "AB12CDE"},
)
