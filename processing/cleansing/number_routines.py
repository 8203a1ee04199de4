"""Routines for numbers as people write them."""

import functools
from typing import Final

import polars as pl

from processing.cleansing.routine import Routine

_SIGN: Final = r"[+\-\u2212]?"
# Blanks within a line: a number does not go on in the next one.
_BLANK: Final = r"[\t\p{Zs}]"


@functools.cache
def currency_codes() -> tuple[str, ...]:
    """Return the codes of ISO 4217 that are in use."""
    # The library reads its table when it is imported, and few datasets need it.
    from iso4217 import Currency  # noqa: PLC0415

    return tuple(sorted(currency.code for currency in Currency))


def _plain_number(text: pl.Expr, *, point: str, separator: str) -> pl.Expr:
    """A number with a sign, a point and nothing else.

    Args:
        text: the number as it came.
        point: the character before its decimals.
        separator: the character between its thousands, beside those that everybody knows.
    """
    # One kind of separator per number, and always before three digits: 1,234 and not 12,34.
    grouped = "|".join(rf"[0-9]{{1,3}}(?:{each}[0-9]{{3}})+" for each in (rf"\{separator}", "['\u2019]", _BLANK))
    digits = rf"(?:{grouped}|[0-9]+)(?:\{point}[0-9]+)?{_BLANK}*"
    currency = rf"(?:\p{{Sc}}|{'|'.join(currency_codes())})?"
    front = rf"(?:{_SIGN}{_BLANK}*{currency}|{currency}{_BLANK}*{_SIGN}){_BLANK}*"
    inside = rf"(?:{currency}{_BLANK}*{digits}|{digits}{currency})"
    # One currency per number, in front of it or behind it.
    signed = rf"(?:{front}{digits}|{_SIGN}{_BLANK}*{digits}{currency})"
    number = text.str.strip_chars()
    # To ask whether it is one and then to take out what is not needed is faster than to capture its parts.
    is_number = number.str.contains(rf"^(?:{signed}|\({inside}\))$")
    is_negative = number.str.contains(r"[(\-\u2212]")
    plain = number.str.replace_all(rf"[^0-9{point}]", "").str.replace(point, ".", literal=True)
    return pl.when(is_number).then(pl.when(is_negative).then("-" + plain).otherwise(plain))


NUMBER_WITH_POINT: Final = Routine(
    "number_with_point",
    "Reads a number with a decimal point. Commas, spaces or apostrophes may separate thousands. Drops "
    "a currency sign or ISO 4217 code before or after the number. Brackets mean a negative amount.",
    lambda text: _plain_number(text, point=".", separator=","),
    refuses="a number with a decimal point",
    examples={
        "£1,234.50": "1234.50",
        "-1 234": "-1234",
        "(12.00) ": "-12.00",
        "EUR 7": "7",
        "1.234,50": None,
        "12,34": None,
        "VAT20": None,
    },
)
NUMBER_WITH_COMMA: Final = Routine(
    "number_with_comma",
    "Reads a number with a decimal comma, and otherwise works like `number_with_point`. Points may "
    "also separate thousands.",
    lambda text: _plain_number(text, point=",", separator="."),
    refuses="a number with a decimal comma",
    examples={"1.234,50 €": "1234.50", "CHF 1'234,5": "1234.5", "1.234": "1234", "1,234.50": None},
)

CURRENCY_CODE: Final = Routine(
    "currency_code",
    "Writes a currency code in upper case. Refuses codes that are not in ISO 4217.",
    lambda text: _code(text.str.strip_chars().str.to_uppercase()),
    refuses="an ISO 4217 currency code",
    examples={" eur ": "EUR", "GBP": "GBP", "VAT": None, "\u20ac": None},
)


def _code(text: pl.Expr) -> pl.Expr:
    return pl.when(text.is_in(currency_codes())).then(text)


def decimal_scale(digits: int) -> Routine:
    """Writes a plain number with so many digits after the point, and refuses one that would have to be rounded.

    Args:
        digits: 0 or more; with 0 there is no point either.

    Raises:
        ValueError: the number of digits is negative.
    """
    if digits < 0:
        raise ValueError(f"a number cannot have {digits} digits after the decimal point; give 0 or more")

    def scaled(text: pl.Expr) -> pl.Expr:
        parts = text.str.extract_groups(rf"^(?<whole>[+-]?[0-9]+)(?:\.(?<fraction>[0-9]{{0,{digits}}})0*)?$").struct
        if digits == 0:
            return parts.field("whole")
        return parts.field("whole") + "." + parts.field("fraction").fill_null("").str.pad_end(digits, "0")

    return Routine(
        f"decimal_scale_{digits}",
        f"Writes a plain number with {digits} digits after the decimal point. Refuses numbers that would "
        "need rounding. Use it after `number_with_point` or `number_with_comma`.",
        scaled,
        refuses=f"a number with at most {digits} digits after the decimal point",
    )
