"""Formats numbers for charts."""

import math
from decimal import Decimal
from typing import Final

from processing.declaring.chart import COUNTING, Measure

Number = int | float | Decimal
NO_VALUE: Final = "no value"
_FULL_PRECISION: Final = 100


def finite(value: Number | None) -> Number | None:
    """Return the value; None if it is missing, infinite or not a number."""
    return None if value is None or not math.isfinite(value) else value


def number_in_words(value: Number | None) -> str:
    """Format a number with thousands separators. Decimals keep their places; floats get three digits or two places."""
    if value is None:
        return NO_VALUE
    if isinstance(value, float) and not value.is_integer():
        return f"{value:,.2f}" if abs(value) >= _FULL_PRECISION else f"{value:,.3g}"
    return f"{value:,.0f}" if isinstance(value, float) else f"{value:,}"


def value_in_words(value: Number | None, measure: Measure, unit: str) -> str:
    """Format a number with its unit. A count has no unit here, because the chart's caption names the things."""
    text = number_in_words(value)
    return text if value is None or measure.aggregation in COUNTING else f"{text} {unit}"


def total(values: list[Number]) -> Number:
    """Return the sum. Integers and decimals are exact."""
    if any(isinstance(value, float) for value in values):
        return math.fsum(values)
    return sum(values, start=Decimal(0) if isinstance(next(iter(values), 0), Decimal) else 0)
