"""Arguments of the jobs that merge into published tables."""

import argparse
from typing import TYPE_CHECKING

import boto3

from lake.object_index.publications import Publications
from processing.declaring.dataset import Dataset
from processing.publishing.publish import Publisher, lease_of
from processing.running.run_metrics import RunMetrics
from processing.storage.store import Store

if TYPE_CHECKING:
    from processing.publishing.tables import Published


def add_publishing(parser: argparse.ArgumentParser) -> None:
    """--database and --index-table: where published tables are, and what is to be merged."""
    group = parser.add_argument_group("merge new history files into the published tables; both arguments are needed")
    group.add_argument("--database", metavar="NAME", help="Glue database of the published tables")
    group.add_argument("--index-table", metavar="NAME", help="DynamoDB table of the object index")


def publisher_of(options: argparse.Namespace, store: Store, metrics: RunMetrics | None) -> Publisher | None:
    """What `add_publishing` says; None if the arguments do not name both."""
    if not (options.database and options.index_table):
        return None
    client = boto3.client("dynamodb")

    def tables(dataset: Dataset) -> "Published":
        # pyiceberg takes half a second to load: most runs have nothing to merge.
        from processing.publishing.catalogue import open_catalogue, published_tables  # noqa: PLC0415

        return published_tables(open_catalogue(), options.database, options.bucket, dataset)

    return Publisher(
        store=store,
        publications=Publications(client, options.index_table),
        tables=tables,
        lease=lease_of(client, options.index_table),
        metrics=metrics,
    )
