"""Which engine merges into a dataset's published tables: by the size of the tables and of the new files."""

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
"""Of a snapshot's summary, as Iceberg names it."""
BY_POLARS: Final = Chosen(Engine.POLARS, "this run has polars alone")


class SparkFailedError(ProcessingError):
    """Spark could not do its part; the message is its own. Nothing of the failed part was committed."""


@dataclass(frozen=True, slots=True)
class SparkMerges:
    """When Spark merges, and how."""

    above_bytes: int | None
    """Size of the tables and of the history files that are merged, above which Spark does it; never if None."""
    is_available: Callable[[], bool]
    """Whether this process can start Spark."""
    cluster: "Callable[[], Cluster]"
    """Starts it."""

    def chosen(self, sizes: Callable[[], int]) -> Chosen:
        """The engine of some work. Its size is asked for only if it matters."""
        size = 0 if self.above_bytes is None else sizes()
        return choose(size, self.above_bytes, self.is_available)


def stored_bytes(*tables: "Table | None") -> int:
    """Bytes of the files of the current snapshots of some tables, as their metadata says."""
    snapshots = (table.current_snapshot() for table in tables if table is not None)
    summaries = (snapshot.summary for snapshot in snapshots if snapshot is not None)
    return sum(int(summary.get(_SIZE, "0") or 0) for summary in summaries if summary is not None)


@dataclass(frozen=True, slots=True)
class Merging:
    """The engine that was chosen for a dataset's tables. Its modules are loaded when it is used."""

    published: "Published"
    store: Store
    run_id: str
    spark: SparkMerges | None

    def merge(self, engine: Engine, files: Collection[str], replaced: Collection[str]) -> "Merged":
        """Merge some history files: `processing.publishing.merge.merge`."""
        if engine is Engine.SPARK and self.spark is not None:
            from processing.publishing.spark_merge import merge_by_spark  # noqa: PLC0415

            cluster = self.spark.cluster()
            return merge_by_spark(self.published, self.store, files, replaced, self.run_id, cluster)
        from processing.publishing.merge import merge  # noqa: PLC0415

        return merge(self.published, self.store, files, replaced, self.run_id)

    def rebuild(self, engine: Engine) -> None:
        """Write the tables again: `processing.publishing.rebuild.rebuild`."""
        if engine is Engine.SPARK and self.spark is not None:
            from processing.publishing.spark_rebuild import rebuild_by_spark  # noqa: PLC0415

            rebuild_by_spark(self.published, self.store, self.run_id, self.spark.cluster())
            return
        from processing.publishing.rebuild import rebuild  # noqa: PLC0415

        rebuild(self.published, self.store, self.run_id)
