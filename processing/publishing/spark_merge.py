"""Merge new history files into a dataset's published tables, by Spark: for tables that are too large for one machine.

The tables come out as `processing.publishing.merge` makes them, in the same order of commits, by the same commit
(processing.publishing.commit). All files are one batch. The driver holds what the tables' manifests say, and no rows.
"""

from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import polars as pl
from py4j.protocol import Py4JError
from pyiceberg.manifest import DataFile
from pyiceberg.table.metadata import TableMetadata
from pyspark import StorageLevel
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as f

from lake.keys import warehouse_prefix
from processing.publishing.columns import polars_columns
from processing.publishing.commit import CommitConflictError, commit
from processing.publishing.engines import SparkFailedError
from processing.publishing.files import FILE, Keys, bounds_of, file_bounds
from processing.publishing.look_back import DAY, MICROSECOND
from processing.publishing.manifests import Change, evolved, holding
from processing.publishing.merge import (
    ATTEMPTS,
    BusyTableError,
    Loaded,
    Merged,
    Snapshots,
    current_snapshots,
    load_checked,
)
from processing.publishing.ranges import ORDERED, Bounds
from processing.publishing.spark_change import Copies, change_by_spark, copies_of
from processing.publishing.spark_rows import (
    DOES,
    ENTERS,
    GONE,
    LEAVES,
    LIVE,
    TO,
    WAITS,
    Order,
    decisions,
    in_table,
    stale_rows,
)
from processing.publishing.staging import staging
from processing.publishing.tables import Published
from processing.storage.columns import OBJECT
from processing.storage.store import Store


@dataclass(frozen=True)
class Cluster:
    """Spark, and how its executors reach the lake."""

    session: SparkSession
    open_store: Callable[[], Store]
    """Called on the executors, so it has to be of a module's top level."""


def merge_by_spark(
    published: Published,
    store: Store,
    files: Collection[str],
    replaced: Collection[str],
    run_id: str,
    cluster: Cluster,
) -> Merged:
    """Merge some history files: `processing.publishing.merge.merge`, by Spark.

    Raises:
        BusyTableError: other writers changed the tables during every attempt.
        RebuildNeededError: the tables were made with another key or order.
        UnpublishableColumnError: a column has a type that the tables cannot hold.
        SparkFailedError: such as for a history file that cannot be read.
    """
    commits = 0
    for _ in range(ATTEMPTS):
        live, gone = (load_checked(published, name) for name in (published.live, published.deleted))
        with copies_of(cluster.session, published) as copies:
            attempt = _Attempt(published, store, live, gone, run_id, cluster, copies)
            try:
                with naming_spark():
                    expected = attempt.run(files, replaced)
            except CommitConflictError:
                continue
        commits += attempt.commits
        if not attempt.commits or (attempt.complete and current_snapshots(published) == expected):
            return Merged(*expected, commits)
    raise BusyTableError(
        f"{published.dataset.name}: other writers changed its tables during {ATTEMPTS} attempts; run the merge again"
    )


@contextmanager
def naming_spark() -> Generator[None]:
    """Raise what Spark raises as an error of this project."""
    try:
        yield
    except (PySparkException, Py4JError) as error:
        raise SparkFailedError(f"{type(error).__name__}: {error}") from error


class _Attempt:
    """One attempt at a merge, from two tables as they were loaded."""

    def __init__(
        self,
        published: Published,
        store: Store,
        live: Loaded,
        gone: Loaded,
        run_id: str,
        cluster: Cluster,
        copies: Copies,
    ) -> None:
        self._published, self._store, self._cluster, self._copies = published, store, cluster, copies
        self._tables = {LIVE: live, GONE: gone}
        self._properties = {"data-platform.run": run_id}
        self._order = Order.of(published)
        self._updates = {name: published.evolution(each.table) for name, each in self._tables.items()}
        self._metadata = {name: evolved(each.table, self._updates[name]) for name, each in self._tables.items()}
        table = live.table
        bare = holding(table, self._metadata[LIVE], ())
        self._staging, self._staged = staging(cluster.open_store, published.dataset, bare, table.io.properties)
        self.commits = 0
        self.complete = True
        """Whether nothing is left to do that has to wait for these commits."""

    def run(self, files: Collection[str], replaced: Collection[str]) -> Snapshots:
        """Commit what there is to do.

        Returns:
            The snapshots that the tables have if nobody else changed them.
        """
        staged = self._staging.files(self._cluster.session, files)
        stale: DataFrame | None = None
        if replaced:
            stale = self._stale(staged, replaced).persist(StorageLevel.DISK_ONLY)
            staged += self._looked_up(stale, files)
        decided = decisions(self._order, self._arriving(staged), self._known(staged), stale)
        decided = decided.persist(StorageLevel.DISK_ONLY)
        try:
            return self._write(decided)
        finally:
            decided.unpersist()
            if stale is not None:
                stale.unpersist()

    def _arriving(self, staged: Sequence[DataFile]) -> DataFrame:
        return self._copies.rows(self._copies.add(self._tables[LIVE].table, self._staged, staged))

    def _stale(self, staged: Sequence[DataFile], replaced: Collection[str]) -> DataFrame:
        """The rows that the tables have of some objects and that the objects' new files do not have."""
        objects = Keys(pl.DataFrame({OBJECT: sorted(replaced)}))
        columns = [*polars_columns(self._metadata[LIVE].schema())]
        named = self._cluster.session.createDataFrame([(name,) for name in sorted(replaced)], f"{OBJECT} string")
        found = self._rows_in(columns, [OBJECT], objects.may_be_in).join(named, on=OBJECT, how="left_semi")
        return stale_rows(self._order, found, self._arriving(staged))

    def _looked_up(self, stale: DataFrame, files: Collection[str]) -> list[DataFile]:
        """Stage the rows of all other history files that have a key of the stale rows."""
        table = self._tables[LIVE].table
        copy = self._copies.add(table, self._metadata[LIVE], ())
        self._copies.append(copy, stale.select(*self._order.key).distinct())
        key_files = [*self._copies.files(copy, table)]
        if not key_files:
            return []
        others = {*self._store.keys(warehouse_prefix(self._published.dataset.name))} - set(files)
        return replace(self._staging, key_files=key_files).files(self._cluster.session, others)

    def _known(self, staged: Sequence[DataFile]) -> DataFrame:
        """The rows of the tables whose key may arrive."""
        near = _Near(self._published, self._staged, staged)
        return self._rows_in(self._order.deciding, near.columns, near.may_have)

    def _rows_in(self, columns: list[str], bounded: Collection[str], wanted: Callable[[Bounds], bool]) -> DataFrame:
        """Some columns of the rows of both tables, in the files whose bounds of some columns are wanted."""
        frames = {
            name: in_table(
                self._copies.rows_of(
                    each.table,
                    self._metadata[name],
                    [file for file in each.files if wanted(file_bounds(each.table.schema(), file, bounded))],
                ),
                name,
                columns,
            )
            for name, each in self._tables.items()
        }
        return frames[LIVE].unionByName(frames[GONE], allowMissingColumns=True)

    def _write(self, decided: DataFrame) -> Snapshots:
        counts = _Counts(decided)
        gone = self._commit(GONE, decided, counts, LEAVES)
        live = self._commit(LIVE, decided, counts, LEAVES)
        if waiting := counts.files(GONE, WAITS):
            self._reload_gone()
            elsewhere = waiting.keys() - {file.path for file in self._tables[GONE].files}
            if elsewhere or (live, gone) != current_snapshots(self._published):
                # The rows are to be looked for again.
                self.complete = False
            else:
                gone = self._commit(GONE, decided, counts, WAITS)
        return live, gone

    def _reload_gone(self) -> None:
        table = load_checked(self._published, self._published.deleted)
        self._tables[GONE] = table
        self._updates[GONE] = self._published.evolution(table.table)

    def _commit(self, name: str, decided: DataFrame, counts: "_Counts", leaves: str) -> int | None:
        """Commit the rows that enter a table and those that leave it.

        Returns:
            The table's current snapshot.
        """
        loaded, updates = self._tables[name], self._updates[name]
        of_table = decided.filter(f.col(TO) == name)
        # What waits leaves in a commit of its own, after the rows have entered.
        enters = ENTERS if leaves == LEAVES else None
        new, old = (of_table.filter(f.col(DOES) == f.lit(does)) for does in (enters, leaves))
        new_count, old_counts = counts.entering(name) if enters else 0, counts.files(name, leaves)
        change = Change(updates=updates)
        if new_count or old_counts:
            change = change_by_spark(
                self._copies, self._published, loaded, (new, new_count), (old, old_counts), updates
            )
        if not change:
            return loaded.snapshot
        self.commits += 1
        return commit(loaded.table, change, self._properties)


class _Counts:
    """How many rows do what."""

    def __init__(self, decided: DataFrame) -> None:
        # A row for each of the tables' files that loses rows, and two.
        found = decided.groupBy(TO, DOES, FILE).agg(f.count(f.lit(1)).alias("rows")).collect()
        self._rows = {(each[TO], each[DOES], each[FILE]): int(each["rows"]) for each in found}

    def entering(self, table: str) -> int:
        """Rows that enter a table."""
        return self._rows.get((table, ENTERS, None), 0)

    def files(self, table: str, does: str) -> Mapping[str, int]:
        """Rows that leave each file of a table."""
        return {file: rows for (to, what, file), rows in self._rows.items() if (to, what) == (table, does)}


class _Near:
    """Which files of the tables may have keys of the staged rows, by the bounds of both."""

    def __init__(self, published: Published, metadata: TableMetadata, staged: Sequence[DataFile]) -> None:
        self._widths: dict[str, int] = {name: 0 for name, kind in published.key.items() if isinstance(kind, ORDERED)}
        dataset = published.dataset
        if (column := dataset.clustered_by) is not None:
            unit = DAY if published.order[column] == pl.Date() else MICROSECOND
            self._widths[column] = dataset.look_back // unit
        schema = metadata.schema()
        self._staged = [bounds_of(schema, file, self.columns) for file in staged]

    @property
    def columns(self) -> Collection[str]:
        """The columns whose bounds are looked at."""
        return self._widths.keys()

    def may_have(self, bounds: Bounds) -> bool:
        """Whether a file with some bounds may have such a key."""
        return any(all(self._touch(name, bounds, own) for name in self._widths) for own in self._staged)

    def _touch(self, name: str, one: Bounds, other: Bounds) -> bool:
        if name not in one or name not in other:
            return True
        (low, high), (other_low, other_high), width = one[name], other[name], self._widths[name]
        if not width:
            return low <= other_high and other_low <= high
        return low - width <= other_high and other_low - width <= high
