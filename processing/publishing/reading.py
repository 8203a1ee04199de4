"""A published table as the jobs read it."""

import os

import polars as pl
from pyiceberg.table import Table

from processing.declaring.dataset import Dataset
from processing.publishing.columns import declared, published_columns


def published_rows(table: Table, dataset: Dataset) -> pl.LazyFrame:
    """The rows of one of a dataset's published tables with the types that it declares.

    Columns that are not asked for are not read.
    """
    # polars warns unless its own planner is installed, which is another package. A published table has few files.
    os.environ.setdefault("POLARS_ICEBERG_PLANNER", "pyiceberg")
    # polars' own readers know nothing of the table's FileIO but what these properties say.
    rows = pl.scan_iceberg(table, storage_options=table.io.properties)
    return declared(rows, published_columns(dataset))
