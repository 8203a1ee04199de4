"""A lake, its object index and its published tables in this process, and runs that are killed at any write."""

from datetime import UTC, datetime, timedelta
from itertools import count

from lake.keys import parse_warehouse_key, warehouse_prefix
from lake.object_index.publications import Publications
from lake.object_index.recorder import Recorder
from lake.warehouse_metadata import WarehouseMetadata
from processing.publishing.publish import Publisher, Scope, lease_of
from processing.running.job_run import JobRun
from processing.storage.memory_store import MemoryStore
from tests.support.index_tables import dynamodb_in_process, fresh_index_tables
from tests.support.memory_lake import MemoryLake
from tests.support.published import THINGS, Steps, land, published_in

TODAY = datetime(2026, 1, 1, 12, tzinfo=UTC)
"""Day on which `land` lands objects."""


class RunKilled(SystemExit):
    """The run ends here, and nothing that it does afterwards has an effect."""


class PublishedLake:
    """The lake of one or more datasets. Tests write its history files as the warehouse job does."""

    def __init__(self, folder, *datasets):
        self.datasets = {dataset.name: dataset for dataset in datasets or (THINGS,)}
        self.store = MemoryStore()
        self.steps = Steps()
        """Each write to the index, and each file and commit of a table, is a step."""
        self.requests = []
        """Operations of DynamoDB."""
        self.dynamodb = dynamodb_in_process(self._before)
        self.tables = fresh_index_tables(self.dynamodb)
        self.publications = Publications(self.dynamodb, self.tables.index)
        self.now, self._killed = TODAY, False
        self._folder, self._runs = folder, count(1)
        self._heads = MemoryLake()
        names = {"index_table": self.tables.index, "totals_table": self.tables.totals}
        self._recorder = Recorder(self._heads, self.dynamodb, bucket="lake", **names, sleep=lambda _: None)

    def _before(self, operation):
        self.requests.append(operation)
        if operation == "UpdateItem":
            if self._killed:
                raise RunKilled
            self.steps.step()

    def land(self, name, rows, *, dataset=THINGS, indexed=True, **more):
        """Write an object's history file. The index records it at once, or not yet."""
        key = land(self.store, dataset, name, rows, **more)
        if indexed:
            self.index(key)
        return key

    def index(self, key):
        """Let the recorder handle the event of a history file."""
        inbound = parse_warehouse_key(key)
        self._heads.delete(key)
        if key in self.store.objects:
            told = WarehouseMetadata(run="run", rows_in=1, rows_warehouse=1, rows_quarantined=0, rows_duplicate=0)
            self._heads.process(inbound)
            etag = next(iter(self.store.listing(key))).etag
            self._heads.objects[key] = _Head(self._heads.objects[key], etag, told.encoded())
        recorded = self._recorder.record([inbound], rewrite=True)
        assert not recorded.failed, recorded.failed

    def index_all(self):
        for dataset in self.datasets:
            for key in [*self.store.keys(warehouse_prefix(dataset))]:
                self.index(key)

    def published(self, dataset=THINGS):
        return published_in(self._folder, self.datasets[dataset.name], self.steps)

    def publisher(self, metrics=None, today=TODAY, lease=None, spark=None):
        return Publisher(
            store=self.store,
            publications=self.publications,
            tables=lambda dataset: published_in(self._folder, dataset, self.steps),
            lease=lease or self._lease,
            metrics=metrics,
            today=today.date,
            spark=spark,
        )

    def publish(self, publisher=None, **scope):
        """Make one publishing run."""
        run = JobRun("publish", f"run-{next(self._runs)}")
        (publisher or self.publisher()).publish(self.datasets, Scope({}, **scope), run)

    def _lease(self, dataset):
        # A killed run holds its lease: the next run starts after it.
        self.now += timedelta(hours=1)
        lease = lease_of(self.dynamodb, self.tables.index)(dataset)
        lease._now, lease._sleep = lambda: self.now, self._wait
        return lease

    def _wait(self, seconds):
        self.now += timedelta(seconds=seconds)

    def open(self, dataset=THINGS):
        """Return the names of the objects that are open in the index."""
        return sorted(each.file_name for each in self.publications.open_objects(dataset.name))

    def publish_killed_at(self, step):
        """Make a run that is killed before a step. Return true if it got that far."""
        self.steps.at = {self.steps.steps + step: self._kill}
        try:
            self.publish()
        except RunKilled:
            return True
        finally:
            self.steps.at, self._killed = {}, False
        return False

    def _kill(self):
        self._killed = True
        raise RunKilled


class _Head:
    """Return what the recorder reads about a history file, with the store's ETag."""

    def __init__(self, landed, etag, metadata):
        self.body, self.at, self.etag, self.metadata = landed.body, landed.at, etag, metadata
