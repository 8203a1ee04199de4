"""The landing days that a search for a row covers by default."""

from datetime import date, timedelta

import pytest

from lake.object_index.totals import Totals
from ops.trace.rows import newest_days_within

FIRST = date(2026, 11, 1)


def totals(*objects):
    return {FIRST + timedelta(days=number): Totals(objects=count) for number, count in enumerate(objects)}


@pytest.mark.parametrize(
    ("objects", "chosen"),
    [
        ((), 0),
        ((5, 5), 2),
        ((5, 5, 6), 1),
        ((1, 5, 5), 2),
        ((5, 500), 1),
    ],
)
def test_newest_days_are_chosen_up_to_the_limit_and_at_least_one(objects, chosen):
    of_days = totals(*objects)
    assert newest_days_within(of_days, 10) == [*of_days][len(of_days) - chosen :]
