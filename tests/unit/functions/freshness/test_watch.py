"""The age of a dataset's newest object."""

from datetime import UTC, datetime, timedelta

import pytest

from functions.freshness.watch import age_of_newest

NOW = datetime(2026, 11, 28, 3, 0, tzinfo=UTC)
A_DAY_AND_TWO_HOURS = timedelta(hours=26)


class NewestLanding:
    """Arrival time of every dataset's newest object."""

    def __init__(self, landed_at: datetime | None) -> None:
        self.landed_at = landed_at

    def newest_landing(self, _dataset: str) -> datetime | None:
        return self.landed_at


def age(landed_at: datetime | None, freshness: timedelta = A_DAY_AND_TWO_HOURS) -> timedelta:
    return age_of_newest(NewestLanding(landed_at), "parcels", freshness, NOW)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("hours", [0, 1, 26, 30 * 24])
def test_age_is_the_time_since_the_newest_landing(hours: int) -> None:
    assert age(NOW - timedelta(hours=hours)) == timedelta(hours=hours)


@pytest.mark.parametrize("hours", [1, 24, 26, 30 * 24])
def test_a_dataset_that_never_landed_is_late(hours: int) -> None:
    assert age(None, timedelta(hours=hours)) > timedelta(hours=hours)
