"""Reads a published table for the jobs."""

import os

import polars as pl
from pyiceberg.table import Table

from processing.declaring.dataset import Dataset
from processing.publishing.columns import declared, stored_columns
from processing.storage.columns import published_columns


def published_rows(table: Table, dataset: Dataset, snapshot: int | None = None) -> pl.LazyFrame:
    """Return the rows of a dataset's published table with the declared types.

    Only the requested columns are read. A column that the table does not have yet is missing in all rows, or has the
    value that the dataset declares for this case.

    Args:
        table: the table as loaded; later commits are not read.
        dataset: the table's dataset.
        snapshot: id of the snapshot to read; the current one if not given.
    """
    # polars warns unless its own planner, another package, is installed. A published table has few files.
    os.environ.setdefault("POLARS_ICEBERG_PLANNER", "pyiceberg")
    columns = published_columns(dataset)
    # polars' own readers get the table's FileIO settings only from these properties.
    rows = pl.scan_iceberg(table, snapshot_id=snapshot, storage_options=table.io.properties)
    known = rows.collect_schema()
    later = [pl.lit(None, kind).alias(name) for name, kind in stored_columns(columns).items() if name not in known]
    return declared(rows.with_columns(later), columns).with_columns(dataset.filled(columns))
