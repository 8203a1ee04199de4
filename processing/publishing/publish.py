"""Publishing: what is open of some datasets is merged into their published tables.

Before a merge each object's item in the index says which history file is being merged, after it which one was. A run
that is killed leaves its objects open, and the next run merges them again; a merge that is repeated changes nothing.
Whether the tables may have rows of an earlier history file of an object is known from the same item, so that its rows
are given up when the file was replaced.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
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
from processing.publishing.known_history import READING, KnownHistory, unreadable
from processing.publishing.pending import Pending, batches, find_pending
from processing.running.job_run import Counts, JobRun, Result, attempt
from processing.running.run_metrics import RunMetrics
from processing.storage.store import Store

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from processing.publishing.tables import Published

LEASE: Final = timedelta(minutes=15)
"""How long a run that died keeps others from a dataset's tables. A run renews its lease before each batch."""
REBUILT: Final = "rebuilt"
_WRITES_AT_ONCE: Final = 8
_DAY: Final = timedelta(days=1)
_METRICS: Final = {"objects": OBJECTS_MERGED, "bytes": BYTES_MERGED, "commits": TABLE_COMMITS, "missed": OBJECTS_MISSED}
"""Metric by the name that a count has in the job's log."""


class DamagedHistoryError(ProcessingError):
    """History files cannot be read; the message has their keys."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What of the datasets is published."""

    days: Mapping[str, Collection[date]]
    """Landing days whose history files are listed, by dataset; today and yesterday are listed of all."""
    compare_all: bool = False
    """List the history files of all days."""
    rebuild: bool = False
    """Write the tables again from all history files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Publisher:
    """Merges what is open."""

    store: Store
    publications: Publications
    tables: Callable[[Dataset], Published]
    """The tables of a dataset. It is called only if there is something to merge, and loads pyiceberg."""
    lease: Callable[[str], AbstractContextManager[Lease]]
    """The lease of the merges of a dataset, by its name. Without it two runs would do the same work."""
    metrics: RunMetrics | None = None
    today: Callable[[], date] = lambda: datetime.now(UTC).date()

    def publish(self, datasets: Mapping[str, Dataset], scope: Scope, run: JobRun) -> None:
        """Publish some datasets. One that fails stops no other.

        Raises:
            JobFailedError: some failed; all others were done.
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
            # What another run merged while this one waited is not open any more.
            pending = self._pending(dataset, scope)
            counts = _DatasetMerge(self, dataset, run_id, lease).run(pending, rebuild=scope.rebuild)
            return {**counts, **({"missed": pending.missed} if scope.compare_all else {})}

    def _pending(self, dataset: Dataset, scope: Scope) -> Pending:
        today = self.today()
        days = {today, today - _DAY, *scope.days.get(dataset.name, ())}
        compare_all = scope.compare_all or scope.rebuild
        return find_pending(self.store, self.publications, dataset.name, days, compare_all=compare_all)


class _DatasetMerge:
    """The merges of one run into one dataset's tables, under its lease."""

    def __init__(self, publisher: Publisher, dataset: Dataset, run_id: str, lease: Lease) -> None:
        self._publications, self._dataset, self._run_id, self._lease = publisher.publications, dataset, run_id, lease
        self._history = KnownHistory(publisher.store, publisher.publications)
        self._published = publisher.tables(dataset)
        self._counts = Counter[str]()

    def run(self, pending: Pending, *, rebuild: bool) -> Counts:
        # pyiceberg takes half a second to load: most runs have nothing to merge.
        from processing.publishing.tables import RebuildNeededError  # noqa: PLC0415

        if rebuild:
            return {**self._rebuild(), "outcome": REBUILT}
        if self._never_published():
            return self._rebuild()
        for batch in batches(pending.objects):
            self._lease.renew()
            try:
                self._merge(batch)
            except RebuildNeededError:
                return {**self._rebuild(), "outcome": REBUILT}
        return dict(self._counts)

    def _never_published(self) -> bool:
        """Whether the table needs all rows of history, and not only what is open.

        It does in a stack of an earlier version, after somebody dropped it, and if the first run was killed.
        """
        table = self._published.found(self._published.live)
        return table is None or table.current_snapshot() is None

    def _merge(self, batch: list[Publication]) -> None:
        from processing.publishing.merge import merge  # noqa: PLC0415

        begun = self._begin(batch)
        files = [each.inbound.warehouse_key for each, _ in begun if each.history is not None]
        replaced = [each.inbound.key for each, _ in begun if each.is_replaced]
        with self._naming_damaged(files):
            merged = merge(self._published, self._history, files, replaced, self._run_id)
        self._end(begun)
        self._counts.update(objects=len(begun), bytes=sum(each.size for each, _ in begun), commits=merged.commits)

    def _rebuild(self) -> Counts:
        """Write the tables again. This merges all that is open of all history, so all of it begins and ends."""
        from processing.publishing.rebuild import rebuild  # noqa: PLC0415

        name = self._dataset.name
        everything = find_pending(self._history.all, self._publications, name, (), compare_all=True).objects
        begun = self._begin(everything)
        with self._naming_damaged(self._history.keys(warehouse_prefix(name))):
            rebuild(self._published, self._history, self._run_id)
        self._end(begun)
        self._counts.update(objects=len(begun), bytes=sum(each.size for each, _ in begun))
        return dict(self._counts)

    def _begin(self, objects: Sequence[Publication]) -> list[tuple[Publication, Publication]]:
        """The objects as they were and as they are now, without those that another run began meanwhile."""
        now = worked_ahead(self._publications.begin, objects, _WRITES_AT_ONCE)
        begun = [(before, after) for before, after in zip(objects, now, strict=True) if after is not None]
        self._history.without = {before.inbound for before, _ in begun if before.history is None}
        if any(before.merging is not None for before, _ in begun):
            from processing.publishing.fence import fence  # noqa: PLC0415

            # The run that began it may only be slow, and could commit what it has read when its lease is over.
            fence(self._published)
        return begun

    def _end(self, begun: Sequence[tuple[Publication, Publication]]) -> None:
        for _ in worked_ahead(self._publications.end, [after for _, after in begun], _WRITES_AT_ONCE):
            pass

    @contextmanager
    def _naming_damaged(self, files: Iterable[str]) -> Generator[None]:
        """Name the history files that cannot be read, if the work fails because of them."""
        try:
            yield
        except READING as error:
            if damaged := unreadable(self._history, self._dataset, files):
                raise DamagedHistoryError(
                    f"{', '.join(damaged)}: these history files cannot be read under the current declaration of "
                    f"{self._dataset.name} ({error}); process their objects again with sanitise and --object"
                ) from error
            raise


def _noteworthy(results: Iterator[Result]) -> Iterator[Result]:
    """Without the datasets that had nothing to merge: a run has many of them."""
    return (each for each in results if each.error is not None or each.counts)


def lease_of(client: DynamoDBClient, table: str) -> Callable[[str], Lease]:
    """The leases of merges in the object index's table, by dataset."""
    return lambda dataset: Lease(client, table, (OBJECT_KEY, f"tables of {dataset}"), lasts=LEASE, wait=LEASE)
