"""Days of landing that a command is limited to."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from ops.stack.checks import check_days

DAY_FORMAT: Final = "%Y-%m-%d"
"""How a day is typed."""


@dataclass(frozen=True, slots=True)
class Days:
    """Days of landing, both included."""

    first: date = date.min
    last: date = date.max

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last

    def in_words(self) -> str:
        """For the reader of a message on what was not found."""
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
    """Today in UTC and the days before, so many in all. Later days, which only a wrong clock makes, are included."""
    today = (now or datetime.now(UTC)).astimezone(UTC).date()
    return Days(today - timedelta(days=count - 1))


def days_between(first: datetime | None, last: datetime | None) -> Days:
    """The days that a command's --from and --to name.

    Raises:
        InvalidInputError: the first day is after the last one.
    """
    days = Days(first.date() if first else date.min, last.date() if last else date.max)
    check_days(days.first, days.last)
    return days
