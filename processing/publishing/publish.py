"""Merges the unmerged history files of some datasets into their published tables.

Before a merge, each object's item in the index records which history file is being merged; after it, which one was. The
objects of a killed run stay open, and the next run merges them again; repeating a merge changes nothing. The same item
shows whether the tables may have rows of an earlier history file of the object, so these rows are removed if the file
was replaced.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Final

from lake.keys import warehouse_prefix
from lake.lease import Lease
from lake.metrics import BYTES_MERGED, DATASET, OBJECTS_MERGED, OBJECTS_MISSED, TABLE_COMMITS
from lake.object_index.items import OBJECT_KEY
from lake.object_index.publications import Publication, Publications
from lake.threads import worked_ahead
from processing.declaring.dataset import Dataset
from processing.errors import ProcessingError
from processing.publishing.engines import BY_POLARS, Merging, SparkFailedError, SparkMerges, stored_bytes
from processing.publishing.known_history import READING, KnownHistory, unreadable
from processing.publishing.pending import Pending, batches, find_pending
from processing.running.engine import Chosen, Engine
from processing.running.job_run import Counts, JobRun, Result, attempt
from processing.running.run_metrics import RunMetrics
from processing.storage.store import Store

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from pyiceberg.table import Table

    from processing.publishing.tables import Published

LEASE: Final = timedelta(minutes=15)
"""How long a dead run keeps others from a dataset's tables. A run renews its lease before each batch."""
REBUILT: Final = "rebuilt"
_WRITES_AT_ONCE: Final = 8
_DAY: Final = timedelta(days=1)
_METRICS: Final = {"objects": OBJECTS_MERGED, "bytes": BYTES_MERGED, "commits": TABLE_COMMITS, "missed": OBJECTS_MISSED}
"""Metrics by the names of the counts in the job's log."""


class DamagedHistoryError(ProcessingError):
    """History files cannot be read; the message lists their keys."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What is published."""

    days: Mapping[str, Collection[date]]
    """Landing days whose history files are listed, by dataset; today and yesterday are always listed."""
    compare_all: bool = False
    """List the history files of all days."""
    rebuild: bool = False
    """Write the tables again from all history files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Publisher:
    """Merges unmerged history files."""

    store: Store
    publications: Publications
    tables: Callable[[Dataset], Published]
    """Returns a dataset's tables. It is called only if there is something to merge, and imports pyiceberg."""
    lease: Callable[[str], AbstractContextManager[Lease]]
    """Returns the lease on a dataset's merges. Without it, two runs would do the same work."""
    metrics: RunMetrics | None = None
    spark: SparkMerges | None = None
    """When Spark merges; polars merges everything if not given."""
    today: Callable[[], date] = lambda: datetime.now(UTC).date()

    def publish(self, datasets: Mapping[str, Dataset], scope: Scope, run: JobRun) -> None:
        """Publish some datasets. One that fails does not stop the others.

        Raises:
            JobFailedError: some datasets failed; all others were published.
        """
        counts: dict[str, dict[str, int]] = {}

        def work(name: str) -> Counts:
            counted = self._publish(datasets[name], scope, run.run_id)
            counts[name] = {metric: counted[each] for each, metric in _METRICS.items() if each in counted}
            return counted

        try:
            if results := [*_noteworthy(attempt(work, name) for name in datasets)]:
                run.finish("dataset", results)
        finally:
            if self.metrics is not None and (counted := {name: each for name, each in counts.items() if each}):
                self.metrics.publish(DATASET, counted, run)

    def _publish(self, dataset: Dataset, scope: Scope, run_id: str) -> Counts:
        if not scope.rebuild and not self._pending(dataset, scope).objects:
            return {"missed": 0} if scope.compare_all else {}
        with self.lease(dataset.name) as lease:
            # Objects that another run merged meanwhile are no longer open.
            pending = self._pending(dataset, scope)
            counts = _DatasetMerge(self, dataset, run_id, lease).run(pending, rebuild=scope.rebuild)
            return {**counts, **({"missed": pending.missed} if scope.compare_all else {})}

    def _pending(self, dataset: Dataset, scope: Scope) -> Pending:
        today = self.today()
        days = {today, today - _DAY, *scope.days.get(dataset.name, ())}
        compare_all = scope.compare_all or scope.rebuild
        return find_pending(self.store, self.publications, dataset.name, days, compare_all=compare_all)


class _DatasetMerge:
    """One run's merges into one dataset's tables, under its lease."""

    def __init__(self, publisher: Publisher, dataset: Dataset, run_id: str, lease: Lease) -> None:
        self._publications, self._dataset, self._run_id, self._lease = publisher.publications, dataset, run_id, lease
        self._history = KnownHistory(publisher.store, publisher.publications)
        self._published = publisher.tables(dataset)
        self._spark = publisher.spark
        self._merging = Merging(self._published, self._history, run_id, publisher.spark)
        self._counts = Counter[str]()

    def run(self, pending: Pending, *, rebuild: bool) -> Counts:
        # Imported here, because pyiceberg takes half a second to load and most runs have nothing to merge.
        from processing.publishing.tables import RebuildNeededError  # noqa: PLC0415

        if rebuild:
            return {**self._rebuild(), "outcome": REBUILT}
        live = self._published.found(self._published.live)
        if live is None or live.current_snapshot() is None:
            # All rows of history are needed in a stack of an earlier version, after somebody dropped the table, and if
            # the first run was killed.
            return self._rebuild()
        chosen = self._chosen(pending, live)
        # Spark is for data that exceeds one machine's memory: it merges everything at once.
        work = [pending.objects] if chosen.engine is Engine.SPARK else batches(pending.objects)
        for batch in work:
            self._lease.renew()
            try:
                self._merge(batch, chosen.engine)
            except RebuildNeededError:
                return {**self._rebuild(), "outcome": REBUILT}
        return {**self._counts, **self._words(chosen)}

    def _chosen(self, pending: Pending, live: Table) -> Chosen:
        if self._spark is None:
            return BY_POLARS

        def size() -> int:
            tables = live, self._published.found(self._published.deleted)
            return stored_bytes(*tables) + sum(each.size for each in pending.objects)

        return self._spark.chosen(size)

    def _words(self, chosen: Chosen) -> Counts:
        return {} if self._spark is None else {"engine": chosen.engine, "engine_reason": chosen.reason}

    def _merge(self, batch: list[Publication], engine: Engine) -> None:
        begun = self._begin(batch)
        files = [each.inbound.warehouse_key for each, _ in begun if each.history is not None]
        replaced = [each.inbound.key for each, _ in begun if each.is_replaced]
        with self._naming_damaged(files), self._lease_for(engine):
            merged = self._merging.merge(engine, files, replaced)
        self._end(begun)
        self._counts.update(objects=len(begun), bytes=sum(each.size for each, _ in begun), commits=merged.commits)

    def _rebuild(self) -> Counts:
        """Write the tables again. This merges all open objects of all history, so all of them begin and end."""
        name = self._dataset.name
        everything = find_pending(self._history.all, self._publications, name, (), compare_all=True).objects
        begun = self._begin(everything)
        prefix = warehouse_prefix(name)
        chosen = BY_POLARS
        if self._spark is not None:
            chosen = self._spark.chosen(lambda: sum(each.size for each in self._history.listing(prefix)))
        with self._naming_damaged(self._history.keys(prefix)), self._lease_for(chosen.engine):
            self._merging.rebuild(chosen.engine)
        self._end(begun)
        self._counts.update(objects=len(begun), bytes=sum(each.size for each, _ in begun))
        return {**self._counts, **self._words(chosen)}

    def _lease_for(self, engine: Engine) -> AbstractContextManager[None]:
        """Hold the lease while an engine works. polars takes a moment for a batch, Spark any time for all files."""
        return self._lease.kept(LEASE / 3) if engine is Engine.SPARK else nullcontext()

    def _begin(self, objects: Sequence[Publication]) -> list[tuple[Publication, Publication]]:
        """Return the objects before and after they begin, without those that another run began meanwhile."""
        now = worked_ahead(self._publications.begin, objects, _WRITES_AT_ONCE)
        begun = [(before, after) for before, after in zip(objects, now, strict=True) if after is not None]
        self._history.without = {before.inbound for before, _ in begun if before.history is None}
        if any(before.merging is not None for before, _ in begun):
            from processing.publishing.fence import fence  # noqa: PLC0415

            # The earlier run may only be slow, and could still commit what it has read after its lease.
            fence(self._published)
        return begun

    def _end(self, begun: Sequence[tuple[Publication, Publication]]) -> None:
        for _ in worked_ahead(self._publications.end, [after for _, after in begun], _WRITES_AT_ONCE):
            pass

    @contextmanager
    def _naming_damaged(self, files: Iterable[str]) -> Generator[None]:
        """If the work fails because history files cannot be read, name them."""
        try:
            yield
        except (*READING, SparkFailedError) as error:
            if damaged := unreadable(self._history, self._dataset, files):
                raise DamagedHistoryError(
                    f"{', '.join(damaged)}: these history files cannot be read under the current declaration of "
                    f"{self._dataset.name} ({error}); process their objects again with sanitise and --object"
                ) from error
            raise


def _noteworthy(results: Iterator[Result]) -> Iterator[Result]:
    """Skip the datasets that had nothing to merge: a run has many of them."""
    return (each for each in results if each.error is not None or each.counts)


def lease_of(client: DynamoDBClient, table: str) -> Callable[[str], Lease]:
    """Return the leases on merges in the object index's table, by dataset."""
    return lambda dataset: Lease(client, table, (OBJECT_KEY, f"tables of {dataset}"), lasts=LEASE, wait=LEASE)
