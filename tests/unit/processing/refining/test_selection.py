"""Which objects a run of the warehouse job processes: by the index and recent days, or by listing everything."""

from datetime import date, timedelta

import pytest

from datasets import DATASETS
from lake.keys import inbound_object
from lake.object_index.index import ObjectIndex
from lake.object_index.recorder import Recorder
from processing.refining.selection import RecentDays, Replay, select
from processing.storage.memory_store import MemoryStore
from tests.support.index_tables import dynamodb_in_process, fresh_index_tables
from tests.support.memory_lake import MemoryLake

TODAY = date(2026, 11, 23)
PARCELS = {"parcels": DATASETS["parcels"]}


class CountingStore(MemoryStore):
    """Records which prefixes were listed."""

    def __init__(self):
        super().__init__()
        self.listed = []

    def listing(self, prefix):
        self.listed.append(prefix)
        return super().listing(prefix)


class Lake:
    """A store and the object index of its content."""

    def __init__(self):
        self.store, self._heads = CountingStore(), MemoryLake()
        dynamodb = dynamodb_in_process()
        tables = fresh_index_tables(dynamodb)
        names = {"index_table": tables.index, "totals_table": tables.totals}
        self._recorder = Recorder(self._heads, dynamodb, bucket="lake", **names, sleep=lambda _: None)
        self.recent = RecentDays(ObjectIndex(dynamodb, tables.index), today=lambda: TODAY)

    def land(self, days_ago, *, indexed=True, processed=False):
        inbound = inbound_object("parcels", TODAY - timedelta(days=days_ago), "a.csv")
        self.store.write(inbound.key, b"", "", {})
        self._heads.land(inbound)
        if processed:
            self.store.write(inbound.warehouse_key, b"", "", {})
            self._heads.process(inbound)
        if indexed:
            self._recorder.record([inbound])
        return inbound.key

    def select(self, recent):
        return [*select(self.store, PARCELS, Replay(), recent).objects]


@pytest.fixture
def lake():
    return Lake()


def test_object_that_waits_by_the_index_is_processed_however_old(lake):
    # given
    waiting = lake.land(400)
    lake.land(300, processed=True)

    # then
    assert lake.select(lake.recent) == [waiting]


@pytest.mark.parametrize("days_ago", [0, 1])
def test_object_that_the_index_does_not_have_yet_is_processed(lake, days_ago):
    landed = lake.land(days_ago, indexed=False)
    assert lake.select(lake.recent) == [landed]


def test_object_processed_after_its_index_entry_is_skipped(lake):
    # given an index in which the object waits
    landed = lake.land(9)
    lake.store.write(inbound_object("parcels", TODAY - timedelta(days=9), "a.csv").warehouse_key, b"", "", {})

    # then
    assert lake.select(lake.recent) == []
    assert landed in lake.store.objects


def test_full_listing_finds_an_object_that_the_index_missed(lake):
    # given
    missed = lake.land(9, indexed=False)

    # when
    found = select(lake.store, PARCELS, Replay(), lake.recent, everywhere=True)

    # then it is counted
    assert lake.select(lake.recent) == []
    assert ([*found.objects], found.missed) == ([missed], {"parcels": 1})


def test_look_everywhere_counts_only_what_was_missed(lake):
    # given an object that waits according to the index, and a new one
    lake.land(9)
    lake.land(0, indexed=False)

    # when
    found = select(lake.store, PARCELS, Replay(), lake.recent, everywhere=True)

    # then
    assert (len(found.objects), found.missed) == (2, {})


def test_listings_do_not_grow_with_history(lake):
    # given
    for days_ago in range(20):
        lake.land(days_ago, processed=True)
    lake.store.listed.clear()

    # when
    lake.select(lake.recent)

    # then
    days = ("2026/11/22", "2026/11/23")
    inbound = [f"inbound/parcels/{day}/" for day in days]
    warehouse = [f"warehouse/parcels/landing_date={day.replace('/', '-')}/" for day in days]
    assert sorted(lake.store.listed) == sorted([*inbound, *warehouse])
