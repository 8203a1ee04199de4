"""Landing days that limit a command."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from ops.stack.checks import check_days

DAY_FORMAT: Final = "%Y-%m-%d"
"""The form of a typed day."""


@dataclass(frozen=True, slots=True)
class Days:
    """Landing days, both ends included."""

    first: date = date.min
    last: date = date.max

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last

    def in_words(self) -> str:
        """Return the days in words, for a message about what was not found."""
        match self.first == date.min, self.last == date.max:
            case True, True:
                return "of all days"
            case True, False:
                return f"that landed on or before {self.last}"
            case False, True:
                return f"that landed on or after {self.first}"
            case _:
                return f"that landed from {self.first} to {self.last}"


def newest_days(count: int, now: datetime | None = None) -> Days:
    """Return the last days, today (UTC) included. Later days, which only a wrong clock makes, are included too."""
    today = (now or datetime.now(UTC)).astimezone(UTC).date()
    return Days(today - timedelta(days=count - 1))


def days_between(first: datetime | None, last: datetime | None) -> Days:
    """Return the days of a command's --from and --to.

    Raises:
        InvalidInputError: the first day is after the last day.
    """
    days = Days(first.date() if first else date.min, last.date() if last else date.max)
    check_days(days.first, days.last)
    return days
