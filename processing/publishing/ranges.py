"""Divides sorted rows into ranges for files, and compares them with the bounds of files and row groups."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

ORDERED: Final = (pl.Int32, pl.Int64, pl.String, pl.Date, pl.Datetime)
"""Types that parquet's statistics order like polars. The bounds of floats ignore NaN."""
Bounds = Mapping[str, tuple[Any, Any]]
"""The lowest and highest value of some columns, as far as known and without missing values. Dates are days and instants
microseconds since 1970."""


def physical(values: pl.Series) -> pl.Series:
    """Return values in the form of bounds."""
    return values.to_physical()


def any_within(sorted_values: pl.Series, low: Any, high: Any) -> bool:  # noqa: ANN401 - values of any column
    """Return true if one of some values is between two others, or equal to one of them."""
    return int(sorted_values.search_sorted(low, "left")) < int(sorted_values.search_sorted(high, "right"))


@dataclass(frozen=True, slots=True)
class Range:
    """Rows from one row to before another, in the order of some columns."""

    low: Mapping[str, Any] | None
    """First row; None if the range has only an upper end."""
    high: Mapping[str, Any] | None
    """Row after the last; None if the range has only a lower end."""

    def holds(self) -> pl.Expr:
        """Return an expression that is true for rows in the range."""
        at_or_after = pl.lit(value=True) if self.low is None else ~_before(self.low)
        return at_or_after if self.high is None else at_or_after & _before(self.high)

    def may_be_in(self, bounds: Bounds) -> bool:
        """Return true if a row of the range may lie within some bounds, judged by the range's first column."""
        name = next(iter(self.low or self.high or {}), "")
        if name not in bounds:
            return True
        least, greatest = bounds[name]
        low, high = (_bound(end[name]) if end else None for end in (self.low, self.high))
        return (low is None or greatest >= low) and (high is None or least <= high)


def ranges(sorted_rows: pl.DataFrame, number: int) -> list[Range]:
    """Return so many ranges, each with about as many of some rows as the others. Equal rows are in one range."""
    starts = [sorted_rows.row(each * sorted_rows.height // number, named=True) for each in range(1, number)]
    return [Range(low, high) for low, high in zip([None, *starts], [*starts, None], strict=True)]


def _bound(value: Any) -> Any:  # noqa: ANN401 - a value of any column
    """Return a value in the form of bounds; None if it is missing."""
    return None if value is None else physical(pl.Series([value]))[0]


def _before(row: Mapping[str, Any]) -> pl.Expr:
    """Return an expression that is true for rows that sort before this one. Missing values come first."""
    before = pl.lit(value=False)
    for name, value in reversed([*row.items()]):
        column = pl.col(name)
        if value is None:
            before = column.is_null() & before
        else:
            before = column.is_null() | (column < value) | ((column == value) & before)
    return before
