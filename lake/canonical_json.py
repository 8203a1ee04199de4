"""Canonical JSON: texts that are equal as JSON values get the same spelling.

Members are sorted by name, and numbers are spelled by value: 1, 1.0 and 10e-1 all become 1. No digit is lost.
"""

import re
from collections.abc import Mapping, Sequence
from json.encoder import encode_basestring
from typing import Final, cast

# No table column holds longer numbers. Longer ones are written with an exponent, which keeps them short.
_MOST_PLAIN_DIGITS: Final = 40
_MOST_ZEROS: Final = 6
"""Most zeros between the decimal point and the first digit."""
_NUMBER: Final = re.compile(r"(-?)([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]{1,18}))?")
_WORDS: Final = {True: "true", False: "false", None: "null"}


class Number(str):
    """A number as it was written: 0.10 stays 0.10, and long numbers keep every digit."""

    __slots__ = ()


def canonical_text(value: object) -> str:
    """Return the canonical JSON text of a parsed value.

    Args:
        value: a value as `json.loads` returns it; its numbers may be of the type Number.

    Raises:
        RecursionError: The value is nested too deeply.
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
    """Return the canonical spelling of a number: equal numbers get the same text.

    Args:
        written: the number in JSON's notation. It is returned unchanged if its exponent has more than 18 digits.
    """
    # Fast path: nearly every number is a short integer without a leading zero.
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
    """Spell a number given as a power of ten and digits that neither begin nor end with zero."""
    point = len(digits) + power
    if power == 0 or 0 < power <= _MOST_PLAIN_DIGITS - len(digits):
        return digits + "0" * power
    if power < 0 < point:
        return f"{digits[:point]}.{digits[point:]}"
    if -_MOST_ZEROS <= point <= 0:
        return f"0.{'0' * -point}{digits}"
    return f"{digits[0]}{'.' if digits[1:] else ''}{digits[1:]}e{point - 1}"
