"""From cleansed text to the declared type."""

import functools
from datetime import datetime
from typing import Final, Literal

import polars as pl

from processing.checking.plain_times import have_plain_form
from processing.errors import ProcessingError

# Type, how a person calls it.
_NAMES: Final[tuple[tuple[type[pl.DataType], str], ...]] = (
    (pl.String, "text"),
    (pl.Boolean, "true or false"),
    (pl.Date, "a date as YYYY-MM-DD"),
)
# polars' parsers alone are not exact. They read years of one to six digits, a second 60 and a "1" for "01", cut off the
# digits that a unit does not have, and wrap around where a count of nanoseconds has no room.
_DATE: Final = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_CLOCK: Final = "[0-9]{2}:[0-9]{2}:[0-5][0-9]"
_OFFSET: Final = "(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?)"
_FRACTION_DIGITS: Final = {"ms": 3, "us": 6, "ns": 9}
_FIRST_YEAR, _LAST_YEAR = 1, 9999
# Texts of one form are in the order of the times that they stand for.
_FIRST_TEXT: Final = "0001"
_PLAIN_FORMAT: Final = "%Y-%m-%d %H:%M:%S"
_FIRST_TIME: Final = datetime(1, 1, 1)  # noqa: DTZ001 - compared with times without a zone
_FIRST_NANOSECOND: Final = "1677-09-21 00:12:43.145224193"
_LAST_NANOSECOND: Final = "2262-04-11 23:47:16.854775807"
_MOST_MICROSECONDS: Final = (2**63 - 1) // 1_000 - 1


class UnsupportedTypeError(ProcessingError, TypeError):
    """A declared type that text cannot be converted to."""


def converted(column: str, data_type: pl.DataType) -> pl.Expr:
    """The column in its declared type; missing where the text does not say a value of it.

    Raises:
        UnsupportedTypeError: text cannot be converted to this type.
    """
    text = pl.col(column)
    if data_type == pl.String:
        return text
    if data_type.is_numeric():
        return _number(text, data_type)
    if data_type == pl.Boolean:
        return text.replace_strict({"true": True, "false": False}, default=None, return_dtype=pl.Boolean)
    if data_type == pl.Date:
        is_date = text.str.contains(f"^{_DATE}$") & (text >= _FIRST_TEXT)
        return pl.when(is_date).then(text).str.to_date("%Y-%m-%d", strict=False)
    if isinstance(data_type, pl.Datetime) and data_type.time_zone in (None, "UTC"):
        return _time(text, data_type)
    raise UnsupportedTypeError(
        f"column {column} has the type {data_type}, to which text is not converted; declare String, an "
        "integer, a float, Decimal, Boolean, Date, or Datetime without a zone or in UTC"
    )


def _number(text: pl.Expr, data_type: pl.DataType) -> pl.Expr:
    number = text.cast(data_type, strict=False)
    if data_type.is_float():
        return number.map_batches(_finite, return_dtype=data_type, is_elementwise=True)
    if isinstance(data_type, pl.Decimal):
        # A cast would round what has more digits.
        exact = text.str.contains(rf"^[+-]?\d+(\.\d{{0,{data_type.scale}}})?$")
        return pl.when(exact).then(text).cast(data_type, strict=False)
    return number


def _finite(numbers: pl.Series) -> pl.Series:
    """A cast takes "nan" and "inf" for numbers."""
    is_finite = numbers.is_finite()
    return numbers if is_finite.all() else numbers.set(~is_finite, None)


def _time(text: pl.Expr, data_type: pl.Datetime) -> pl.Expr:
    # Zeros beyond the unit's digits say nothing, and some servers write them.
    fraction = rf"(?:\.[0-9]{{1,{_FRACTION_DIGITS[data_type.time_unit]}}}0*)?"
    if data_type.time_zone is not None:
        exact = pl.when(text.str.contains(f"^{_DATE}T{_CLOCK}{fraction}{_OFFSET}$")).then(text)
        return _time_in_utc(exact, data_type)
    if data_type.time_unit == "ns":
        return _time_by_pattern(text, data_type, fraction)
    # polars would evaluate parts of it several times: it does not know that the form is the same each time.
    return text.map_batches(
        functools.partial(_plain_first, data_type=data_type, fraction=fraction),
        return_dtype=data_type,
        is_elementwise=True,
    )


def _plain_first(texts: pl.Series, *, data_type: pl.Datetime, fraction: str) -> pl.Series:
    """The plain form's times first: the pattern takes twice as long as all else, so only the rest is judged by it."""
    # polars' cache takes longer than such a time.
    times = texts.set(~have_plain_form(texts), None).str.to_datetime(
        _PLAIN_FORMAT, time_unit=data_type.time_unit, strict=False, cache=False
    )
    times = times.set(times < _FIRST_TIME, None)
    is_rest = times.is_null() & texts.is_not_null()
    if not is_rest.any():
        return times
    by_pattern = texts.filter(is_rest).to_frame().select(_time_by_pattern(pl.col(texts.name), data_type, fraction))
    return times.scatter(is_rest.arg_true(), by_pattern.to_series())


def _time_by_pattern(text: pl.Expr, data_type: pl.Datetime, fraction: str) -> pl.Expr:
    is_time = text.str.contains(f"^{_DATE} {_CLOCK}{fraction}$") & (text >= _FIRST_TEXT)
    if data_type.time_unit == "ns":
        is_time &= text.is_between(pl.lit(_FIRST_NANOSECOND), pl.lit(_LAST_NANOSECOND))
    exact = pl.when(is_time).then(text)
    # Where a fraction may follow, polars takes four times as long: only what is not a time without one is tried with
    # one.
    whole = exact.str.to_datetime(_PLAIN_FORMAT, time_unit=data_type.time_unit, strict=False, cache=False)
    rest = pl.when(whole.is_null()).then(exact)
    return pl.coalesce(whole, rest.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit=data_type.time_unit, strict=False))


def _time_in_utc(text: pl.Expr, data_type: pl.Datetime) -> pl.Expr:
    def parsed(exact: pl.Expr, unit: Literal["ms", "us", "ns"]) -> pl.Expr:
        return exact.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%#z", time_unit=unit, time_zone="UTC", strict=False)

    if data_type.time_unit == "ns":
        # The offset decides on which side of the limit a time is.
        microseconds = parsed(text, "us").to_physical()
        return parsed(pl.when(microseconds.abs() <= _MOST_MICROSECONDS).then(text), "ns")
    time = parsed(text, data_type.time_unit)
    return pl.when(time.dt.year().is_between(_FIRST_YEAR, _LAST_YEAR)).then(time)


def type_name(data_type: pl.DataType) -> str:
    """A type in words that complete "is not …"."""
    if data_type.is_integer():
        return "a whole number"
    if data_type.is_float():
        return "a number"
    if isinstance(data_type, pl.Decimal):
        whole = data_type.precision - data_type.scale
        return f"a number with at most {whole} digits before the decimal point and {data_type.scale} after it"
    if isinstance(data_type, pl.Datetime):
        return _time_name(data_type)
    return next((name for known, name in _NAMES if data_type == known), str(data_type))


def _time_name(data_type: pl.Datetime) -> str:
    between, offset = (" ", "") if data_type.time_zone is None else ("T", " with an offset")
    digits = _FRACTION_DIGITS[data_type.time_unit]
    limits = f" from {_FIRST_NANOSECOND[:10]} to {_LAST_NANOSECOND[:10]}" if data_type.time_unit == "ns" else ""
    return f"a time as YYYY-MM-DD{between}HH:MM:SS{offset}{limits}, with at most {digits} digits after the seconds"
