"""The lake of bench/spread.py in the embedded AWS: a published table, a copy for each merge, and the changed rows."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import boto3
import polars as pl
from pyiceberg.catalog import Catalog
from pyiceberg.io import S3_REQUEST_TIMEOUT

from bench.layout_candidates import VEHICLES, changes, sorted_rows
from lake.keys import warehouse_prefix
from processing.declaring.dataset import Dataset
from processing.publishing.catalogue import open_catalogue, published_tables
from processing.publishing.commit import commit
from processing.publishing.files import write_rows
from processing.publishing.manifests import Change
from processing.publishing.reading import published_rows
from processing.publishing.tables import Published
from processing.storage.parquet import MEDIA_TYPE, parquet_bytes
from processing.storage.store import S3Store

REGION: Final = "eu-west-1"
BUCKET: Final = "spread"
DATASET: Final[Dataset] = VEHICLES
HISTORY: Final = f"{warehouse_prefix(VEHICLES.name)}landing_date=2026-01-02/vehicles.csv.parquet"
"""Key of the history file with the changed rows."""
PRISTINE: Final = "pristine"
"""The database of the table before any merge."""
PATIENCE_SECONDS: Final = "300"
"""Seconds to wait for the embedded S3, whose machine processes the table at the same time."""
DIGEST_ROWS_AT_ONCE: Final = 1_000_000


@dataclass(frozen=True)
class Lake:
    """The lake, with region, credentials and endpoint from the environment, as in a job."""

    @cached_property
    def catalogue(self) -> Catalog:
        """Glue's catalogue."""
        catalogue = open_catalogue()
        catalogue.properties[S3_REQUEST_TIMEOUT] = PATIENCE_SECONDS
        return catalogue

    @cached_property
    def store(self) -> S3Store:
        """The bucket."""
        return S3Store(boto3.client("s3"), BUCKET)

    def published(self, database: str) -> Published:
        """Return the dataset's tables in a database."""
        return published_tables(self.catalogue, database, BUCKET, DATASET)

    def make(self, rows: int, changed: int) -> None:
        """Write the table and the history file with the changed rows."""
        boto3.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        boto3.client("glue").create_database(DatabaseInput={"Name": PRISTINE})
        published = self.published(PRISTINE)
        table = published.load(published.live)
        commit(table, Change(write_rows(table.io, table.metadata, sorted_rows(rows))), {})
        self.store.write(HISTORY, parquet_bytes(changes(rows, changed, 1)), MEDIA_TYPE, {})

    def copy(self, database: str) -> None:
        """Register the unmerged table in another database.

        The copy shares the data files, because a commit deletes no file.
        """
        boto3.client("glue").create_database(DatabaseInput={"Name": database})
        table = self.published(PRISTINE).load(DATASET.name)
        self.catalogue.register_table((database, DATASET.name), table.metadata_location)

    def digest(self, database: str) -> str:
        """Return a value that is equal for tables with equal rows, in any order and any files."""
        published = self.published(database)
        columns = sorted(published_rows(published.load(published.live), DATASET).collect_schema())
        count = total = 0
        for rows in self._batches(published, columns):
            count += rows.height
            total += int(rows.hash_rows().cast(pl.UInt64).cast(pl.Int128).sum() or 0)
        return f"{count} {total}"

    @staticmethod
    def _batches(published: Published, columns: list[str]) -> Iterator[pl.DataFrame]:
        rows = published_rows(published.load(published.live), DATASET).select(columns)
        yield from rows.collect_batches(chunk_size=DIGEST_ROWS_AT_ONCE)
