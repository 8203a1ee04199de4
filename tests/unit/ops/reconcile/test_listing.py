"""The lake's objects by landing day, from listings limited to the requested days."""

from datetime import UTC, date, datetime, timedelta

import pytest

from ops.reconcile.listing import lake_days
from ops.stack.days import Days

NOW = datetime(2026, 11, 28, tzinfo=UTC)
FIRST = date(2026, 11, 1)
SECOND, THIRD = FIRST + timedelta(days=1), FIRST + timedelta(days=2)
INBOUND = "inbound/parcels/2026/11/{day:02}/{name}"
WAREHOUSE = "warehouse/parcels/landing_date=2026-11-{day:02}/{name}.parquet"


class Lake:
    """S3's listing of keys in memory: a target, its client and its paginator in one."""

    bucket = "lake"

    def __init__(self, *keys):
        self.keys, self.given = sorted(keys), []

    def client(self, _service):
        return self

    def get_paginator(self, _operation):
        return self

    def paginate(self, *, Prefix, StartAfter, **_):  # noqa: N803 - boto3's names
        for key in self.keys:
            if key.startswith(Prefix) and key > StartAfter:
                self.given.append(key)
                yield {"Contents": [{"Key": key, "Size": 1, "ETag": '"e"', "LastModified": NOW}]}


@pytest.fixture
def lake():
    return Lake(
        *(INBOUND.format(day=day, name=name) for day in (1, 2, 3) for name in ("a.csv", "b.csv")),
        *(WAREHOUSE.format(day=day, name="a.csv") for day in (1, 3)),
        "inbound/parcels/2026/11/02/folder/",
        "inbound/others/2026/11/02/a.csv",
    )


def test_each_day_has_its_landed_and_its_processed_objects(lake):
    found = {each.day: each for each in lake_days(lake, "parcels", Days())}
    assert [*found] == [FIRST, SECOND, THIRD]
    assert [sorted(day.landed) for day in found.values()] == [
        [INBOUND.format(day=number, name=name) for name in ("a.csv", "b.csv")] for number in (1, 2, 3)
    ]
    assert [sorted(day.processed) for day in found.values()] == [
        [INBOUND.format(day=1, name="a.csv")],
        [],
        [INBOUND.format(day=3, name="a.csv")],
    ]


def test_only_the_days_that_were_asked_for_are_listed(lake):
    # when
    found = [each.day for each in lake_days(lake, "parcels", Days(SECOND, SECOND))]

    # then no page before them is read, and at most one after them
    assert found == [SECOND]
    assert not [key for key in lake.given if "11/01" in key or "11-01" in key]
    assert len([key for key in lake.given if "11/03" in key or "11-03" in key]) <= 2


def test_a_day_with_a_warehouse_file_alone_is_found():
    key = WAREHOUSE.format(day=2, name="a.csv")
    [day] = lake_days(Lake(key), "parcels", Days())
    assert (day.day, sorted(day.landed), sorted(day.processed)) == (SECOND, [], [INBOUND.format(day=2, name="a.csv")])
