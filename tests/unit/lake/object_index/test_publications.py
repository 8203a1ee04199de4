"""What the index records about merging an object's history file, beside the recorder's writes to the same item."""

from datetime import date, timedelta

import pytest

from lake.keys import inbound_object
from lake.object_index.items import EXPIRES_AT, OBJECT_KEY
from lake.object_index.publications import Publications
from lake.object_index.recorder import Recorder
from lake.object_index.totals import TotalsTable
from lake.table import DynamoTable
from tests.support.index_tables import dynamodb_in_process, fresh_index_tables
from tests.support.memory_lake import MemoryLake

DAY = date(2026, 11, 23)
PARCEL = inbound_object("parcels", DAY, "a.csv")


class Index:
    """A lake in memory, its recorder, and the writes of merges."""

    def __init__(self):
        self.met = []
        """Called at the next transaction."""
        self.lake = MemoryLake()
        self.dynamodb = dynamodb_in_process(self._before)
        self.tables = fresh_index_tables(self.dynamodb)
        self.publications = Publications(self.dynamodb, self.tables.index)
        names = {"index_table": self.tables.index, "totals_table": self.tables.totals}
        self.recorder = Recorder(self.lake, self.dynamodb, bucket="lake", **names, sleep=lambda _: None)

    def _before(self, operation):
        if operation == "TransactWriteItems" and self.met:
            self.met.pop()()

    def process(self, rows=1):
        """Give the object another history file, and report it to the index."""
        self.lake.land(PARCEL)
        self.lake.process(PARCEL, warehouse=rows)
        return self.record()

    def record(self, *, rewrite=True):
        recorded = self.recorder.record([PARCEL], rewrite=rewrite)
        assert not recorded.failed
        return recorded

    def merge(self):
        self.publications.end(self.publications.begin(self.known))

    @property
    def known(self):
        return self.publications.of_objects([PARCEL])[PARCEL.key]

    @property
    def open(self):
        return [*self.publications.open_objects("parcels")]

    @property
    def item(self):
        return DynamoTable(self.dynamodb, self.tables.index).get({OBJECT_KEY: PARCEL.key})


@pytest.fixture
def index():
    return Index()


def test_landed_object_without_a_history_file_is_not_open(index):
    index.lake.land(PARCEL)
    index.record()
    assert (index.open, index.known.is_open) == ([], False)


def test_processed_object_is_open_until_it_is_merged(index):
    # given
    index.process()
    assert (index.open, index.known.is_replaced) == ([PARCEL], False)

    # when
    begun = index.publications.begin(index.known)
    while_merging = index.open
    index.publications.end(begun)

    # then
    assert (while_merging, index.open, index.known.is_open) == ([PARCEL], [], False)


def test_object_that_is_processed_again_is_open_and_replaced(index):
    # given
    index.process(rows=1)
    index.merge()

    # when
    index.process(rows=2)

    # then
    assert (index.open, index.known.is_replaced) == ([PARCEL], True)


def test_killed_merge_leaves_its_object_open(index):
    # given
    index.process()
    index.publications.begin(index.known)

    # then the same file may be merged again, and another one replaces it
    assert (index.open, index.known.is_open, index.known.is_replaced) == ([PARCEL], True, False)
    index.process(rows=2)
    assert (index.open, index.known.is_replaced) == ([PARCEL], True)


def test_merges_of_two_files_that_were_killed_are_not_forgotten(index):
    # given
    for rows in (1, 2):
        index.process(rows=rows)
        index.publications.begin(index.known)

    # then the tables may have rows of the first file, although the second is present
    assert index.known.is_replaced
    index.merge()
    assert (index.open, index.known.is_open, index.known.is_replaced) == ([], False, False)


def test_file_replaced_during_its_merge_stays_open(index):
    # given
    index.process(rows=1)
    begun = index.publications.begin(index.known)

    # when
    index.process(rows=2)
    index.publications.end(begun)

    # then
    assert (index.open, index.known.is_replaced) == ([PARCEL], True)


def test_late_event_of_a_merged_file_leaves_it_closed(index):
    # given a history file that a listing showed before the index recorded it
    index.lake.land(PARCEL)
    index.lake.process(PARCEL)
    etag = index.lake.objects[PARCEL.warehouse_key].etag
    begun = index.publications.begin(index.known.with_history(etag, 1))
    index.publications.end(begun)

    # when
    outcomes = [index.record() for _ in range(2)]

    # then
    assert all(outcome.changed for outcome in outcomes)
    assert (index.open, index.known.is_open, index.known.history) == ([], False, etag)
    assert TotalsTable(index.dynamodb, index.tables.totals).of_datasets(["parcels"])["parcels"].objects == 1


@pytest.mark.parametrize("writes", ["begin", "end"])
def test_recorder_overtaken_by_a_merge_looks_again(index, writes):
    # given a recorder that reads the item before a merge writes to it
    index.process()
    begun = index.publications.begin(index.known) if writes == "end" else None
    index.met = [lambda: index.publications.end(begun) if begun else index.publications.begin(index.known)]

    # when
    index.record()

    # then the merge's write is kept
    assert index.known.merging == (index.known.history if writes == "begin" else None)
    assert index.known.is_open == (writes == "begin")
    assert index.open == ([PARCEL] if writes == "begin" else [])


def test_merge_overtaken_by_another_one_does_not_begin(index):
    # given
    index.process()
    before = index.known
    index.merge()

    # then
    assert index.publications.begin(before) is None
    assert not index.known.is_open


def test_deleted_history_file_is_open_until_its_rows_are_gone(index):
    # given
    index.process()
    index.merge()

    # when
    index.lake.delete(PARCEL.warehouse_key)
    index.record()

    # then
    assert (index.open, index.known.history, index.known.is_replaced) == ([PARCEL], None, True)
    index.merge()
    assert (index.open, index.known.is_begun) == ([], False)


def test_deleted_object_keeps_its_item_until_its_rows_are_gone(index):
    # given
    index.process()
    index.merge()
    index.lake.delete(PARCEL.warehouse_key)
    index.lake.delete(PARCEL.key)

    # when
    index.record()

    # then DynamoDB may expire the item only after the merge
    assert (index.open, EXPIRES_AT in index.item) == ([PARCEL], False)
    index.merge()
    assert (index.open, EXPIRES_AT in index.item) == ([], True)


def test_deleted_object_that_was_never_recorded_is_open(index):
    # given an object that was merged and deleted before any of its events arrived
    index.publications.end(index.publications.begin(index.known.with_history("e1", 1)))

    # when
    index.record()

    # then
    assert (index.open, index.known.is_open) == ([PARCEL], True)
    index.merge()
    assert index.open == []


def test_reconciliation_opens_items_of_an_earlier_version(index):
    # given an item from a version before the published tables
    index.process()
    item = {name: value for name, value in index.item.items() if name != "unpublished"}
    DynamoTable(index.dynamodb, index.tables.index).replace(item)
    assert index.open == []

    # when
    outcomes = [index.record(rewrite=False) for _ in range(2)]

    # then
    assert [outcome.changed for outcome in outcomes] == [[PARCEL.key], []]
    assert index.open == [PARCEL]


def test_open_objects_are_those_of_one_dataset(index):
    # given
    other = inbound_object("members", DAY + timedelta(days=1), "b.csv")
    index.process()
    index.lake.land(other)
    index.lake.process(other)
    index.recorder.record([other])

    # then
    assert [*index.publications.open_objects("members")] == [other]
