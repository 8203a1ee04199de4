"""A published table as the jobs read it."""

import os

import polars as pl
from pyiceberg.table import Table

from processing.declaring.dataset import Dataset
from processing.publishing.columns import declared, stored_columns
from processing.storage.columns import published_columns


def published_rows(table: Table, dataset: Dataset, snapshot: int | None = None) -> pl.LazyFrame:
    """The rows of one of a dataset's published tables with the types that it declares.

    Columns that are not asked for are not read. A column that the table does not have yet is missing in all rows, or
    has the value that the dataset states for them.

    Args:
        table: the table, as it was loaded: what is committed later is not read.
        dataset: whose table.
        snapshot: id of the snapshot to read; the current one if not given.
    """
    # polars warns unless its own planner is installed, which is another package. A published table has few files.
    os.environ.setdefault("POLARS_ICEBERG_PLANNER", "pyiceberg")
    columns = published_columns(dataset)
    # polars' own readers know nothing of the table's FileIO but what these properties say.
    rows = pl.scan_iceberg(table, snapshot_id=snapshot, storage_options=table.io.properties)
    known = rows.collect_schema()
    later = [pl.lit(None, kind).alias(name) for name, kind in stored_columns(columns).items() if name not in known]
    return declared(rows.with_columns(later), columns).with_columns(dataset.filled(columns))
