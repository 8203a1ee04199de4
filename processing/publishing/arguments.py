"""Arguments of the jobs that merge into published tables."""

import argparse
from functools import partial
from typing import TYPE_CHECKING

import boto3

from lake.object_index.publications import Publications
from processing.declaring.dataset import Dataset
from processing.publishing.engines import SparkMerges
from processing.publishing.publish import Publisher, lease_of
from processing.refining.spread import bucket_store
from processing.running.engine import add_engine
from processing.running.run_metrics import RunMetrics
from processing.running.spark import is_available, spark_session
from processing.storage.store import Store

if TYPE_CHECKING:
    from processing.publishing.spark_merge import Cluster
    from processing.publishing.tables import Published


def add_publishing(parser: argparse.ArgumentParser) -> None:
    """Add --database, --index-table and --spark-above-bytes: the published tables, and how to merge into them."""
    group = parser.add_argument_group("merge new history files into the published tables; both arguments are needed")
    group.add_argument("--database", metavar="NAME", help="Glue database of the published tables")
    group.add_argument("--index-table", metavar="NAME", help="DynamoDB table of the object index")
    add_engine(group)


def publisher_of(options: argparse.Namespace, store: Store, metrics: RunMetrics | None) -> Publisher | None:
    """Return the publisher for the arguments of `add_publishing`; None if database or index table is missing."""
    if not (options.database and options.index_table):
        return None
    client = boto3.client("dynamodb")

    def tables(dataset: Dataset) -> "Published":
        # Imported here, because pyiceberg takes half a second to load and most runs have nothing to merge.
        from processing.publishing.catalogue import open_catalogue, published_tables  # noqa: PLC0415

        return published_tables(open_catalogue(), options.database, options.bucket, dataset)

    def cluster() -> "Cluster":
        # Glue has PySpark; the jobs' requirements do not include it.
        from processing.publishing.spark_merge import Cluster  # noqa: PLC0415

        return Cluster(spark_session(options.bucket), partial(bucket_store, options.bucket))

    return Publisher(
        store=store,
        publications=Publications(client, options.index_table),
        tables=tables,
        lease=lease_of(client, options.index_table),
        metrics=metrics,
        spark=SparkMerges(options.spark_above_bytes, is_available, cluster),
    )
