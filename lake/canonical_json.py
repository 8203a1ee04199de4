"""One spelling for each JSON value: texts that are equal as JSON have the same one.

Members are sorted by their names, and a number is spelled by its value: 1, 1.0 and 10e-1 are all 1. No digit is lost.
"""

import re
from collections.abc import Mapping, Sequence
from json.encoder import encode_basestring
from typing import Final, cast

# No column of a table holds longer numbers; with an exponent such a number is short.
_MOST_PLAIN_DIGITS: Final = 40
_MOST_ZEROS: Final = 6
"""Between a decimal point and the first digit."""
_NUMBER: Final = re.compile(r"(-?)([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]{1,18}))?")
_WORDS: Final = {True: "true", False: "false", None: "null"}


class Number(str):
    """A number as it was written: 0.10 stays 0.10, and no digit of a long one is lost."""

    __slots__ = ()


def canonical_text(value: object) -> str:
    """The one spelling of a parsed value.

    Args:
        value: as `json.loads` gives it; its numbers may be of the type Number.

    Raises:
        RecursionError: it is nested too deep.
    """
    if isinstance(value, Number):
        return canonical_number(value)
    if isinstance(value, str):
        return encode_basestring(value)
    if value is None or isinstance(value, bool):
        return _WORDS[value]
    if isinstance(value, dict):
        members = sorted(cast("Mapping[str, object]", value).items())
        return f"{{{','.join([f'{encode_basestring(name)}:{canonical_text(member)}' for name, member in members])}}}"
    if isinstance(value, list):
        return f"[{','.join([canonical_text(member) for member in cast('Sequence[object]', value)])}]"
    return canonical_number(repr(value))


def canonical_number(written: str) -> str:
    """The one spelling of a number: equal numbers have equal ones.

    Args:
        written: as JSON writes numbers. One whose exponent has more than 18 digits stays as it is written.
    """
    # Nearly every number is whole and short, and written without a leading zero.
    if written.isdecimal() and len(written) <= _MOST_PLAIN_DIGITS:
        return written
    number = _NUMBER.fullmatch(written)
    if number is None:
        return written
    sign, whole, fraction, exponent = number.groups(default="")
    digits = (whole + fraction).lstrip("0")
    if not digits:
        return "0"
    significant = digits.rstrip("0")
    power = int(exponent or 0) - len(fraction) + len(digits) - len(significant)
    return sign + _spelled(significant, power)


def _spelled(digits: str, power: int) -> str:
    """Digits that neither begin nor end with a zero, times a power of ten."""
    point = len(digits) + power
    if power == 0 or 0 < power <= _MOST_PLAIN_DIGITS - len(digits):
        return digits + "0" * power
    if power < 0 < point:
        return f"{digits[:point]}.{digits[point:]}"
    if -_MOST_ZEROS <= point <= 0:
        return f"0.{'0' * -point}{digits}"
    return f"{digits[0]}{'.' if digits[1:] else ''}{digits[1:]}e{point - 1}"
