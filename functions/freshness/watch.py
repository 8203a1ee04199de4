"""How old a dataset's newest object is, from the object index."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from lake.object_index.index import ObjectIndex

_DAY: Final = timedelta(days=1)


def age_of_newest(table: ObjectIndex, dataset: str, freshness: timedelta, now: datetime) -> timedelta:
    """How long ago the dataset's newest object landed.

    The index is asked for the landing days that count, and for no more: of a dataset with nothing in them, or nothing
    at all, the age is that of the first of these days, which is more than its freshness.

    Args:
        table: the index.
        dataset: its name.
        freshness: how old the newest object may be.
        now: the time, aware of its zone.
    """
    first_day = _midnight(now) - (freshness // _DAY + 1) * _DAY
    arrivals = [arrived for day in _days(first_day, now) if (arrived := table.newest_of_day(dataset, day.date()))]
    return now - max(arrivals, default=first_day)


def _days(first: datetime, last: datetime) -> Iterator[datetime]:
    day = first
    while day <= last:
        yield day
        day += _DAY


def _midnight(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
