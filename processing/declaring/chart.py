"""The chart that a report's file declares: the axis and its order, the measure and its aggregation, and the series."""

from dataclasses import dataclass
from typing import Final, Literal

Aggregation = Literal["sum", "count", "minimum", "maximum", "distinct", "average", "ratio"]
"""How the query aggregated a measure's values, and so which values may be combined:

sum and count add up. minimum and maximum have a minimum and a maximum. distinct, average and ratio cannot be combined.
"""
ADDITIVE: Final[tuple[Aggregation, ...]] = ("sum", "count")
"""Aggregations whose values can be added."""
COMBINABLE: Final[tuple[Aggregation, ...]] = (*ADDITIVE, "minimum", "maximum")
"""Aggregations whose values can be combined into one of the same kind."""
COUNTING: Final[tuple[Aggregation, ...]] = ("count", "distinct")
"""Aggregations whose values are whole numbers of things. Their unit names the things."""

MOST_SERIES: Final = 6
"""Series that a person can distinguish in a chart."""
MOST_POSITIONS: Final = 100
"""Positions on x that fit a page."""


@dataclass(frozen=True, slots=True)
class Time:
    """An axis of periods, earliest first. Every period between the first and the last has a position."""

    column: str
    """The first day or instant of each period: a date or a datetime; for years also a whole number. Weeks start on
    Monday."""
    step: Literal["day", "week", "month", "quarter", "year"]
    missing: Literal["gap", "zero"]
    """A period without a row: a gap, or the value 0."""


@dataclass(frozen=True, slots=True)
class Ordinal:
    """An axis of values that have an order of their own, such as sizes or classes."""

    column: str
    order: tuple[str, ...] = ()
    """Every value of a text column, in order. Numbers need no order: the lowest is first."""
    missing: Literal["gap", "zero"] = "gap"
    """A value of `order` without a row: a gap, or the value 0."""


@dataclass(frozen=True, slots=True)
class Nominal:
    """An axis of names without an order of their own."""

    columns: tuple[str, ...]
    """Columns that name a position together, such as model and colour."""
    order: Literal["value", "label"] = "value"
    """Largest value first, or in order of the names."""


@dataclass(frozen=True, slots=True)
class UnitColumn:
    """A column holds the unit of each row's value, such as a currency. Each unit has a chart with its own scale."""

    column: str


@dataclass(frozen=True, slots=True)
class Measure:
    """The measure, along y."""

    column: str
    """A numeric column."""
    aggregation: Aggregation
    unit: str | UnitColumn
    """The thing that the values count, such as "vehicles", or their unit, such as "GBP" or "%"."""
    over: tuple[str, ...] = ()
    """Columns of the report's key that the chart leaves out: the values of their rows are combined."""


@dataclass(frozen=True, slots=True)
class Series:
    """A column whose values are drawn side by side in different colours."""

    column: str
    most: int = MOST_SERIES
    """Number of series that are drawn. The rest are combined as "other" if the measure can be added; otherwise they are
    left out."""


@dataclass(frozen=True, slots=True)
class Chart:
    """The chart of a report. It shows an excerpt; the report has every row."""

    kind: Literal["bars", "stacked_bars", "line"]
    x: Time | Ordinal | Nominal
    y: Measure
    series: Series | None = None
    most: int = 24
    """Number of positions on x: the latest of a time axis, the first of an ordinal axis, the largest names. The rest of
    an ordinal or nominal axis is combined as "other" if the measure can be added; otherwise it is left out."""

    @property
    def x_columns(self) -> tuple[str, ...]:
        """Columns that determine a row's position on x."""
        return self.x.columns if isinstance(self.x, Nominal) else (self.x.column,)

    @property
    def unit_column(self) -> str | None:
        """The column with each row's unit, if rows have different units."""
        return self.y.unit.column if isinstance(self.y.unit, UnitColumn) else None

    @property
    def drawn_columns(self) -> tuple[str, ...]:
        """Columns whose values the chart distinguishes."""
        series = (self.series.column,) if self.series else ()
        unit = (self.unit_column,) if self.unit_column else ()
        return (*self.x_columns, *series, *unit)

    @property
    def adds_up(self) -> bool:
        """True if the sum of the values has a meaning."""
        return self.y.aggregation in ADDITIVE
