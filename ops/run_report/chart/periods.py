"""Periods of a time axis: the first day of each, the one before, and its name."""

from datetime import date, datetime, time, timedelta
from typing import Any, Literal

from ops.stack.errors import OperatorError

Step = Literal["day", "week", "month", "quarter", "year"]


class PeriodError(OperatorError):
    """A value that does not begin a period."""


def period_of(value: Any, step: Step) -> date:  # noqa: ANN401 - a report's value
    """The first day of the period that a value begins.

    Args:
        value: a date, a datetime, or a whole number for a year.
        step: the axis'.

    Raises:
        PeriodError: the value is within a period, or is not a year.
    """
    day = value
    if isinstance(value, datetime):
        day = value.date() if value.time() == time() else None
    elif isinstance(value, int):
        day = date(value, 1, 1) if date.min.year <= value <= date.max.year else None
    if not isinstance(day, date) or day != _start(day, step):
        raise PeriodError(f"{value} is not the first day of a {step}")
    return day


def previous(period: date, step: Step) -> date:
    """The first day of the period before."""
    return _start(period - timedelta(days=1), step)


def period_name(period: date, step: Step) -> str:
    """The period as axes show it, such as 2026-11-23, 2026-W48, 2026-11, 2026-Q4 or 2026."""
    match step:
        case "day":
            return period.isoformat()
        case "week":
            year, week, _ = period.isocalendar()
            return f"{year}-W{week:02}"
        case "month":
            return f"{period.year:04}-{period.month:02}"
        case "quarter":
            return f"{period.year:04}-Q{(period.month + 2) // 3}"
        case "year":
            return f"{period.year:04}"


def _start(day: date, step: Step) -> date:
    match step:
        case "day":
            return day
        case "week":
            return day - timedelta(days=day.weekday())
        case "month":
            return day.replace(day=1)
        case "quarter":
            return day.replace(month=day.month - (day.month - 1) % 3, day=1)
        case "year":
            return day.replace(month=1, day=1)
