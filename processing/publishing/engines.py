"""Chooses the engine that merges into a dataset's published tables, by the size of the tables and the new files."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from processing.errors import ProcessingError
from processing.running.engine import Chosen, Engine, choose
from processing.storage.store import Store

if TYPE_CHECKING:
    from pyiceberg.table import Table

    from processing.publishing.merge import Merged
    from processing.publishing.spark_merge import Cluster
    from processing.publishing.tables import Published

_SIZE: Final = "total-files-size"
"""Key in a snapshot's summary, as named by Iceberg."""
BY_POLARS: Final = Chosen(Engine.POLARS, "this run has polars alone")


class SparkFailedError(ProcessingError):
    """Spark failed; the message is Spark's own. Nothing of the failed part was committed."""


@dataclass(frozen=True, slots=True)
class SparkMerges:
    """When Spark merges, and how."""

    above_bytes: int | None
    """Total size of tables and merged history files above which Spark merges; None: never."""
    is_available: Callable[[], bool]
    """Returns true if this process can start Spark."""
    cluster: "Callable[[], Cluster]"
    """Starts Spark."""

    def chosen(self, sizes: Callable[[], int]) -> Chosen:
        """Choose the engine for some work. The size is computed only if it matters."""
        size = 0 if self.above_bytes is None else sizes()
        return choose(size, self.above_bytes, self.is_available)


def stored_bytes(*tables: "Table | None") -> int:
    """Return the size of the files of some tables' current snapshots, in bytes, from the metadata."""
    snapshots = (table.current_snapshot() for table in tables if table is not None)
    summaries = (snapshot.summary for snapshot in snapshots if snapshot is not None)
    return sum(int(summary.get(_SIZE, "0") or 0) for summary in summaries if summary is not None)


@dataclass(frozen=True, slots=True)
class Merging:
    """The engine for a dataset's tables. Its modules are imported on first use."""

    published: "Published"
    store: Store
    run_id: str
    spark: SparkMerges | None

    def merge(self, engine: Engine, files: Collection[str], replaced: Collection[str]) -> "Merged":
        """Merge some history files, as `processing.publishing.merge.merge` does."""
        if engine is Engine.SPARK and self.spark is not None:
            from processing.publishing.spark_merge import merge_by_spark  # noqa: PLC0415

            cluster = self.spark.cluster()
            return merge_by_spark(self.published, self.store, files, replaced, self.run_id, cluster)
        from processing.publishing.merge import merge  # noqa: PLC0415

        return merge(self.published, self.store, files, replaced, self.run_id)

    def rebuild(self, engine: Engine) -> None:
        """Write the tables again, as `processing.publishing.rebuild.rebuild` does."""
        if engine is Engine.SPARK and self.spark is not None:
            from processing.publishing.spark_rebuild import rebuild_by_spark  # noqa: PLC0415

            rebuild_by_spark(self.published, self.store, self.run_id, self.spark.cluster())
            return
        from processing.publishing.rebuild import rebuild  # noqa: PLC0415

        rebuild(self.published, self.store, self.run_id)
