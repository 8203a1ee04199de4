"""Replace all rows of a dataset's published tables by those that its history gives, by Spark."""

from collections.abc import Iterator, Mapping
from functools import partial

from pyiceberg.manifest import DataFile
from pyiceberg.table import Table
from pyiceberg.table.metadata import TableMetadata
from pyspark import StorageLevel
from pyspark.sql import functions as f

from lake.keys import warehouse_prefix
from processing.publishing.columns import iceberg_schema, polars_columns
from processing.publishing.manifests import holding
from processing.publishing.rebuild import replace_rows
from processing.publishing.spark_change import copies_of, written_by_spark
from processing.publishing.spark_merge import Cluster, naming_spark
from processing.publishing.spark_rows import Order, current
from processing.publishing.staging import IS_DELETED, staging
from processing.publishing.tables import Published
from processing.storage.store import Store


def rebuild_by_spark(published: Published, store: Store, run_id: str, cluster: Cluster) -> None:
    """Write both tables again from all history files: `processing.publishing.rebuild.rebuild`, by Spark.

    Raises:
        BusyTableError: other writers changed the tables during every attempt.
        SparkFailedError: such as for a history file that cannot be read.
    """
    with naming_spark():
        replace_rows(published, partial(_by_spark, published, store, cluster), run_id)


def _by_spark(
    published: Published,
    store: Store,
    cluster: Cluster,
    tables: Mapping[bool, Table],
    metadata: Mapping[bool, TableMetadata],
) -> Iterator[tuple[bool, list[DataFile]]]:
    live = tables[False]
    files = store.keys(warehouse_prefix(published.dataset.name))
    stage, staged = staging(
        cluster.open_store, published.dataset, _with_all_columns(live, metadata), live.io.properties
    )
    with copies_of(cluster.session, published) as copies:
        history = copies.rows(copies.add(live, staged, stage.files(cluster.session, files)))
        rows = current(Order.of(published), history).persist(StorageLevel.DISK_ONLY)
        try:
            for deleted, table in tables.items():
                some = rows.filter(f.col(IS_DELETED) == deleted)
                yield deleted, written_by_spark(copies, table, metadata[deleted], some)
        finally:
            rows.unpersist()


def _with_all_columns(live: Table, metadata: Mapping[bool, TableMetadata]) -> TableMetadata:
    """The metadata of a table without rows that has the columns of both tables."""
    own = metadata[False]
    columns = {name: kind for each in metadata.values() for name, kind in polars_columns(each.schema()).items()}
    schema = iceberg_schema(columns, own.schema(), own.last_column_id)
    both = own.model_copy(
        update={
            "schemas": [schema.model_copy(update={"schema_id": own.current_schema_id})],
            "last_column_id": max(own.last_column_id, schema.highest_field_id),
        }
    )
    return holding(live, both, ())
