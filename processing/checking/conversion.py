"""From cleansed text to the declared type."""

from typing import Final

import polars as pl

from processing.errors import ProcessingError

# Type, how a person calls it.
_NAMES: Final[tuple[tuple[type[pl.DataType], str], ...]] = (
    (pl.String, "text"),
    (pl.Boolean, "true or false"),
    (pl.Date, "a date as YYYY-MM-DD"),
    (pl.Datetime, "a time as YYYY-MM-DD HH:MM:SS"),
)


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
        return text.str.to_date("%Y-%m-%d", strict=False)
    if isinstance(data_type, pl.Datetime) and data_type.time_zone in (None, "UTC"):
        return _time(text, data_type)
    raise UnsupportedTypeError(
        f"column {column} is of type {data_type}; text is converted to String, integers, floats, "
        "Decimal, Boolean, Date, and Datetime without zone or in UTC"
    )


def _number(text: pl.Expr, data_type: pl.DataType) -> pl.Expr:
    number = text.cast(data_type, strict=False)
    if data_type.is_float():
        # A cast takes "nan" and "inf" for numbers.
        return pl.when(number.is_finite()).then(number)
    if isinstance(data_type, pl.Decimal):
        # A cast would round what has more digits.
        exact = text.str.contains(rf"^[+-]?\d+(\.\d{{0,{data_type.scale}}})?$")
        return pl.when(exact).then(text).cast(data_type, strict=False)
    return number


def _time(text: pl.Expr, data_type: pl.Datetime) -> pl.Expr:
    if data_type.time_zone is not None:
        return text.str.to_datetime(
            "%Y-%m-%dT%H:%M:%S%.f%#z", time_unit=data_type.time_unit, time_zone="UTC", strict=False
        )
    # Where a fraction may follow, polars takes four times as long: only what is no time without one is tried with one.
    # Its cache takes longer than such a time.
    whole = text.str.to_datetime("%Y-%m-%d %H:%M:%S", time_unit=data_type.time_unit, strict=False, cache=False)
    rest = pl.when(whole.is_null()).then(text)
    return pl.coalesce(whole, rest.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit=data_type.time_unit, strict=False))


def type_name(data_type: pl.DataType) -> str:
    """A type in words that complete "is not …"."""
    if data_type.is_integer():
        return "a whole number"
    if data_type.is_float():
        return "a number"
    if isinstance(data_type, pl.Decimal):
        return f"a number with at most {data_type.scale} digits after the point"
    if isinstance(data_type, pl.Datetime) and data_type.time_zone is not None:
        return "a time as YYYY-MM-DDTHH:MM:SS with its offset"
    return next((name for known, name in _NAMES if data_type == known), str(data_type))
