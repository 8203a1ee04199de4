"""Routines for dates as people write them."""

import re
from typing import Final

import polars as pl

from processing.cleansing.routine import Routine

_FIRST_YEAR: Final = 1000
# What polars reads for a field is wider: signs, blanks, and years of any length.
_FIELDS: Final = {
    **dict.fromkeys(("d", "m"), "[0-9]{1,2}"),
    **dict.fromkeys(("b", "B"), r"\p{L}+"),
    "Y": "[0-9]{4}",
    "F": "[0-9]{4}-[0-9]{2}-[0-9]{2}",
    "j": "[0-9]{1,3}",
}
_WHOLE_DATE: Final = ({"d", "m", "Y"}, {"d", "b", "Y"}, {"d", "B", "Y"}, {"F"}, {"j", "Y"})


def dates(*formats: str) -> Routine:
    """Reads a date in any of several formats, and refuses one that they read as different days.

    With "%d/%m/%Y" and "%m/%d/%Y", 25/12/2026 is a date, and so is 05/05/2026; 03/04/2026 is refused.

    Args:
        formats: in strftime's notation, such as "%d.%m.%Y" or "%d %B %Y" (English names).

    Raises:
        ValueError: no format is given, or one does not make up a whole date with four digits of the year.
    """
    if not formats:
        raise ValueError('dates() needs at least one format, such as dates("%d/%m/%Y")')
    for each in formats:
        if set(re.findall(r"%-?([A-Za-z])", each)) not in _WHOLE_DATE:
            raise ValueError(
                f"the format {each!r} is not a whole date; use day, month and a year of four digits, such as "
                '"%d/%m/%Y", because two digits do not give the century'
            )

    def in_one_way(text: pl.Expr) -> pl.Expr:
        readings = [_reading(text.str.strip_chars(), each) for each in formats]
        earliest, latest = pl.min_horizontal(readings), pl.max_horizontal(readings)
        is_told = (earliest == latest) & (earliest.dt.year() >= _FIRST_YEAR)
        return pl.when(is_told).then(earliest.dt.to_string("%Y-%m-%d"))

    said = " or ".join(formats)
    return Routine(
        "dates",
        f"Reads a date written as {said}. Refuses a date that two formats read as different days.",
        in_one_way,
        refuses=f"an unambiguous date as {said}",
    )


def _reading(text: pl.Expr, one_format: str) -> pl.Expr:
    """The date that a text is in one format; missing if it is not written in it."""
    parts = re.split(r"%-?([A-Za-z])", one_format)
    pattern = "".join(_FIELDS[part] if index % 2 else re.escape(part) for index, part in enumerate(parts))
    return pl.when(text.str.contains(f"^{pattern}$")).then(text).str.to_date(one_format, strict=False, exact=True)
