"""What the index and the totals have after the recorder: what the lake has, whatever happened before and meanwhile."""

from datetime import date, timedelta

import pytest

from lake.keys import inbound_object
from lake.object_index.columns import ColumnHistory
from lake.object_index.index import ObjectIndex
from lake.object_index.items import Progress
from lake.object_index.recorder import OBJECTS_A_TRANSACTION, Recorder
from lake.object_index.totals import Totals, TotalsTable
from lake.table import DynamoTable
from lake.warehouse_metadata import ColumnFacts
from tests.support.index_tables import dynamodb_in_process, fresh_index_tables
from tests.support.memory_lake import BEGIN, MemoryLake

DAY = date(2026, 11, 23)
PARCEL = inbound_object("parcels", DAY, "a.csv")


class Recording:
    """A lake in memory, the tables, and the recorder between them."""

    def __init__(self):
        self.before = lambda _: None
        self.lake = MemoryLake(self._step)
        self.dynamodb = dynamodb_in_process(self._step)
        self.tables = fresh_index_tables(self.dynamodb)
        self.index = ObjectIndex(self.dynamodb, self.tables.index)
        self.totals = TotalsTable(self.dynamodb, self.tables.totals)
        self.columns = ColumnHistory(self.dynamodb, self.tables.totals)
        self.pauses = []
        self.recorder = Recorder(
            self.lake,
            self.dynamodb,
            bucket="lake",
            index_table=self.tables.index,
            totals_table=self.tables.totals,
            sleep=self.pauses.append,
        )

    def _step(self, operation):
        self.before(operation)

    def record(self, *objects, rewrite=True):
        return self.recorder.record(objects or [PARCEL], rewrite=rewrite)

    def total(self, dataset="parcels"):
        return self.totals.of_datasets([dataset])[dataset]


@pytest.fixture
def it():
    return Recording()


def test_landed_object_is_waiting_with_what_is_cheap_to_know(it):
    # given
    it.lake.land(PARCEL, b"id,town\n1,Leeds\n", rows="17")

    # when
    it.record()

    # then
    [known] = it.index.waiting("parcels", 10)
    assert known == it.index.get(PARCEL.key)
    assert (known.landing.rows, known.landing.columns, known.landing.checksum) == (17, ("id", "town"), "abc=")
    assert (known.progress, known.arrived_at, known.landing.bytes) == (Progress.LANDED, BEGIN, 16)
    assert it.total() == Totals(objects=1, bytes=16, latest_landing=BEGIN)


def test_processed_object_is_no_longer_waiting(it):
    # given
    it.lake.land(PARCEL)
    it.record()
    it.lake.wait()
    it.lake.process(PARCEL, "run-7", warehouse=5, duplicate=2)

    # when
    it.record()

    # then
    assert [*it.index.waiting("parcels", 10)] == []
    processing = it.index.get(PARCEL.key).processing
    assert (processing.run, processing.rows_in, processing.balances) == ("run-7", 7, True)
    later = BEGIN + timedelta(seconds=1)
    counts = {"processed": 1, "rows_in": 7, "rows_warehouse": 5, "rows_duplicate": 2, "warehouse_bytes": 5}
    latest = {"latest_landing": BEGIN, "latest_processed": later, "latest_run": "run-7"}
    assert it.total() == Totals(objects=1, bytes=16, **counts, **latest)
    assert it.totals.of_days("parcels", DAY, DAY) == {DAY: it.total()}
    assert it.totals.of_run("run-7") == {"parcels": it.total()}


def test_objects_with_refused_rows_are_found_newest_first(it):
    # given
    files = [inbound_object("parcels", DAY, f"{number}.csv") for number in range(4)]
    for number, inbound in enumerate(files):
        it.lake.wait()
        it.lake.land(inbound)
        it.lake.process(inbound, quarantined=number)

    # when
    it.record(*files)

    # then
    refused = [*it.index.refused("parcels", 2)]
    assert [known.inbound for known in refused] == [files[3], files[2]]
    assert refused[0].processing.by_rule == {"id|min": 3}
    assert it.total().refused == 3


def test_object_processed_again_counts_for_the_later_run(it):
    # given
    it.lake.land(PARCEL)
    it.lake.process(PARCEL, "run-1", warehouse=1, quarantined=4)
    it.record()

    # when
    it.lake.wait()
    it.lake.process(PARCEL, "run-2", warehouse=5)
    it.record()

    # then
    of_runs = [it.totals.of_run(run)["parcels"] for run in ("run-1", "run-2")]
    assert [(of_run.objects, of_run.rows_in) for of_run in of_runs] == [(0, 0), (1, 5)]
    assert (it.total().rows_quarantined, it.total().refused, it.total().latest_run) == (0, 0, "run-2")
    assert [*it.index.refused("parcels", 10)] == []


def test_overwritten_object_replaces_its_contribution(it):
    # given
    it.lake.land(PARCEL, b"id\n1\n")
    it.record()

    # when
    it.lake.wait()
    it.lake.land(PARCEL, b"id,size\n1,2\n")
    it.record()

    # then
    assert (it.total().objects, it.total().bytes) == (1, 12)
    assert it.index.get(PARCEL.key).landing.columns == ("id", "size")


def test_deleted_object_leaves_index_and_totals(it):
    # given
    it.lake.land(PARCEL)
    it.lake.process(PARCEL)
    it.record()

    # when
    for key in (PARCEL.key, PARCEL.warehouse_key):
        it.lake.delete(key)
        it.record()

    # then
    assert it.index.get(PARCEL.key) is None
    assert [*it.index.of_day("parcels", DAY)] == []
    assert [*it.columns.of_days("parcels", DAY, DAY)] == []
    latest = {"latest_landing": BEGIN, "latest_processed": BEGIN, "latest_run": "run-1"}
    assert it.total() == Totals(**latest)


def test_expired_raw_object_keeps_its_row_accounting(it):
    # given
    it.lake.land(PARCEL)
    it.lake.process(PARCEL, warehouse=3)
    it.record()

    # when
    it.lake.delete(PARCEL.key)
    it.record()

    # then
    assert (it.total().objects, it.total().bytes, it.total().rows_warehouse) == (1, 0, 3)
    assert it.index.get(PARCEL.key).landing is None


def test_stale_recorder_cannot_bring_a_deleted_object_back(it):
    # given a recorder that has seen the object, and is slow
    it.lake.land(PARCEL)
    began = []

    def delete_meanwhile(operation):
        if operation == "TransactWriteItems" and not began:
            began.append(operation)
            it.lake.delete(PARCEL.key)
            it.record()

    it.before = delete_meanwhile

    # when
    it.record()

    # then
    assert it.index.get(PARCEL.key) is None
    assert it.total().objects == 0
    assert len(it.pauses) == 1


def test_item_of_an_earlier_version_is_counted_once(it):
    # given an item as versions before the totals wrote it
    it.lake.land(PARCEL)
    it.lake.process(PARCEL, warehouse=3)
    old = {"dataset": "parcels", "dataset_day": "parcels#2026-11-23", "arrived_at": BEGIN.isoformat(), "bytes": 16}
    old |= {"object_key": PARCEL.key, "etag": "e", "sequencer": "0F", "progress": "processed", "rows_in": 3}
    DynamoTable(it.dynamodb, it.tables.index).replace(old | {"processed_at": BEGIN.isoformat()})
    assert it.index.get(PARCEL.key).revision is None

    # when
    outcomes = [it.record(rewrite=False) for _ in range(2)]

    # then
    assert [outcome.changed for outcome in outcomes] == [[PARCEL.key], []]
    assert (it.total().objects, it.total().rows_in) == (1, 3)


def test_reconciliation_writes_nothing_if_nothing_changed(it):
    # given
    it.lake.land(PARCEL)
    it.record()
    operations = []
    it.before = operations.append

    # when
    recorded = it.record(rewrite=False)

    # then
    assert (recorded.changed, recorded.unchanged) == ([], [PARCEL.key])
    assert set(operations) == {"BatchGetItem", "HeadObject", "HeadObject answered"}


def test_object_that_fails_stops_no_other(it):
    # given a warehouse file that the job did not write
    other = inbound_object("parcels", DAY, "b.csv")
    for inbound in (PARCEL, other):
        it.lake.land(inbound)
        it.lake.process(inbound)
    it.lake.objects[PARCEL.warehouse_key].metadata.clear()

    # when
    recorded = it.record(PARCEL, other)

    # then
    assert [*recorded.failed] == [PARCEL.key]
    assert "were not written by the warehouse job" in recorded.failed[PARCEL.key]
    assert (recorded.changed, it.total().objects) == ([other.key], 1)


def test_object_that_dynamodb_refuses_stops_no_other(it):
    # given an object whose item is larger than DynamoDB takes
    other = inbound_object("parcels", DAY, "b.csv")
    it.lake.land(PARCEL)
    it.lake.land(other, **{"correlation-id": "x" * 500_000})

    # when
    recorded = it.record(PARCEL, other)

    # then
    assert ([*recorded.failed], recorded.changed) == ([other.key], [PARCEL.key])
    assert it.total().objects == 1


def test_objects_of_many_datasets_and_runs_fit_one_transaction(it):
    # given objects that were processed, each of a dataset, a day and a run of its own
    objects = [
        inbound_object(f"d{number}", DAY + timedelta(days=number), "a.csv") for number in range(OBJECTS_A_TRANSACTION)
    ]
    for run in ("first", "second"):
        for inbound in objects:
            it.lake.land(inbound)
            it.lake.process(inbound, f"{run}-{inbound.dataset}")

        # when
        transactions = []
        it.before = lambda operation, seen=transactions: seen.append(operation == "TransactWriteItems")
        recorded = it.record(*objects)

        # then
        assert (len(recorded.changed), sum(transactions)) == (OBJECTS_A_TRANSACTION, 1)


def test_column_facts_are_kept_by_landing_day(it):
    # given
    facts = {"id": ColumnFacts(0, 4), "town": ColumnFacts(2, 1)}
    it.lake.land(PARCEL)
    it.lake.process(PARCEL, warehouse=4, columns=facts)

    # when
    it.record()

    # then
    [known] = it.columns.of_days("parcels", DAY, DAY)
    assert (known.inbound, known.rows, known.columns, known.left_out) == (PARCEL, 4, facts, 0)
    assert known.null_share("town") == 0.5
    assert [*it.columns.of_days("parcels", DAY - timedelta(days=9), DAY - timedelta(days=1))] == []
    assert [*it.columns.of_days("parcels", DAY + timedelta(days=1), DAY + timedelta(days=9))] == []


def test_empty_csv_has_no_columns(it):
    it.lake.land(PARCEL, b"")
    it.record()
    assert it.index.get(PARCEL.key).landing.columns is None


def test_object_replaced_between_two_requests_is_looked_at_again(it):
    # given an object that is replaced when its columns are about to be read
    it.lake.land(PARCEL, b"id\n1\n")
    replaced = []

    def replace(operation):
        if operation == "GetObject" and not replaced:
            replaced.append(operation)
            it.lake.land(PARCEL, b"id,size\n1,2\n")

    it.before = replace

    # when
    recorded = it.record()

    # then
    assert (recorded.changed, recorded.failed) == ([PARCEL.key], {})
    assert it.index.get(PARCEL.key).landing.columns == ("id", "size")
