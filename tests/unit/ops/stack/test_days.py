"""The landing days that a command's options select."""

from datetime import UTC, date, datetime

import pytest

from ops.stack.days import Days, days_between, newest_days
from ops.stack.errors import InvalidInputError

FIRST, LAST = date(2026, 11, 1), date(2026, 11, 2)


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (Days(), "of all days"),
        (Days(FIRST), "that landed on or after 2026-11-01"),
        (Days(last=LAST), "that landed on or before 2026-11-02"),
        (Days(FIRST, LAST), "that landed from 2026-11-01 to 2026-11-02"),
    ],
)
def test_days_are_named_by_the_ends_that_were_given(days, words):
    assert days.in_words() == words


def test_the_newest_days_begin_with_todays_midnight_in_utc():
    tokyo = datetime.fromisoformat("2026-11-03T08:00:00+09:00")
    assert newest_days(1, tokyo) == Days(LAST)
    assert newest_days(2, tokyo) == Days(FIRST)
    assert date.max in newest_days(1, tokyo), "a clock that is wrong hides an object"


def test_a_first_day_after_the_last_one_is_refused():
    with pytest.raises(InvalidInputError, match="--from 2026-11-02 is after --to 2026-11-01"):
        days_between(datetime(2026, 11, 2, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC))
