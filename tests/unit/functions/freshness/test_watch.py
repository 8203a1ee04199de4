"""How old a dataset's newest object is: what is asked of the index, and what comes of it."""

from datetime import UTC, date, datetime, timedelta

import pytest

from functions.freshness.watch import age_of_newest

NOW = datetime(2026, 11, 28, 3, 0, tzinfo=UTC)
A_DAY_AND_TWO_HOURS = timedelta(hours=26)


class Index:
    """Arrivals by landing day."""

    def __init__(self, *arrivals: datetime, days: dict[date, datetime] | None = None) -> None:
        self.newest = {arrival.date(): arrival for arrival in sorted(arrivals)} | (days or {})
        self.asked: list[date] = []

    def newest_of_day(self, _dataset: str, day: date) -> datetime | None:
        self.asked.append(day)
        return self.newest.get(day)


def age(index: Index, freshness: timedelta = A_DAY_AND_TWO_HOURS, now: datetime = NOW) -> timedelta:
    return age_of_newest(index, "parcels", freshness, now)  # pyright: ignore[reportArgumentType]


def test_the_newest_of_several_days_counts() -> None:
    assert age(Index(NOW - timedelta(hours=30), NOW - timedelta(hours=5))) == timedelta(hours=5)


def test_what_arrived_today_for_a_day_before_counts_by_its_arrival() -> None:
    late = {(NOW - timedelta(days=1)).date(): NOW - timedelta(minutes=10)}
    assert age(Index(NOW - timedelta(hours=2), days=late)) == timedelta(minutes=10)


@pytest.mark.parametrize("hours", [1, 23, 24, 25, 26, 48, 7 * 24, 30 * 24])
@pytest.mark.parametrize("now", [NOW, NOW.replace(hour=0), NOW.replace(hour=23, minute=59, second=59)])
def test_a_dataset_that_never_landed_is_always_late(hours: int, now: datetime) -> None:
    assert age(Index(), timedelta(hours=hours), now) > timedelta(hours=hours)


@pytest.mark.parametrize("hours", [1, 24, 26, 30 * 24])
def test_an_object_that_is_just_fresh_is_found(hours: int) -> None:
    arrival = NOW - timedelta(hours=hours)
    assert age(Index(arrival), timedelta(hours=hours)) == timedelta(hours=hours)


def test_no_more_days_are_asked_about_than_count() -> None:
    index = Index()
    age(index)
    assert index.asked == [date(2026, 11, 26), date(2026, 11, 27), date(2026, 11, 28)]


def test_days_are_those_of_utc_whatever_the_clocks_zone() -> None:
    index, elsewhere = Index(), NOW.astimezone(datetime.fromisoformat("2026-11-28T00:00:00-05:00").tzinfo)
    assert age(index, now=elsewhere) == age(Index())
    assert index.asked[-1] == date(2026, 11, 28)
