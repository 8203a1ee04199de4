"""Published views: per key of a dataset the row that counts, across all of its warehouse files."""

from pathlib import Path
from typing import Final

import polars as pl

from lake.keys import warehouse_prefix
from processing.declaring.dataset import Dataset
from processing.readers.records import DELETED, LINE
from processing.storage.columns import AS_OF, LANDED_AT, OBJECT, warehouse_columns
from processing.storage.store import Store

# A file that was written before a column was declared with a wider type holds the narrower one.
_WIDENED: Final = pl.ScanCastOptions(integer_cast="upcast", float_cast="upcast")


def published_view(store: Store, dataset: Dataset) -> pl.LazyFrame:
    """A dataset's current rows: its declared columns, then the lineage columns.

    Of the rows with one key, the one counts that its source has changed last, as far as the source tells that, and
    otherwise the one that arrived last: files that waited at their source together land in any order. Of those of one
    instant it is the last by arrival, then by object key as text, then by line, so that the view is the same each time.
    Of events with one key the one counts that was received first, in whatever objects they landed.
    A row whose source has it no more is not in the view, as far as the source tells that.
    A dataset without warehouse files has an empty view with all columns. A column that was declared later than a file
    was written is missing in that file's rows, or has the value that the dataset states for them.
    """
    files = [store.read(key) for key in store.keys(warehouse_prefix(dataset.name))]
    if not files:
        return pl.LazyFrame(schema=warehouse_columns(dataset))
    return current_rows(warehouse_rows(files, dataset), dataset).filter(~pl.col(DELETED))


def warehouse_rows(files: list[bytes] | Path, dataset: Dataset) -> pl.LazyFrame:
    """The rows of some warehouse files as the dataset is declared now, whatever it was as they were written."""
    # As Athena has it: what is declared now, and nothing where a file is older than the declaration of a column.
    columns = warehouse_columns(dataset)
    rows = pl.scan_parquet(
        files, schema=columns, missing_columns="insert", extra_columns="ignore", cast_options=_WIDENED
    )
    return rows.with_columns(dataset.filled(columns))


def current_rows(rows: pl.LazyFrame, dataset: Dataset) -> pl.LazyFrame:
    """Of the rows with one key, the one that counts."""
    return in_order(rows, dataset).unique(subset=dataset.schema.primary_key(), keep="last", maintain_order=True)


def in_order(rows: pl.LazyFrame, dataset: Dataset) -> pl.LazyFrame:
    """Rows in the order in which each supersedes those before it with its key."""
    # Files that were written before there was the column are as of their landing.
    instants = (pl.coalesce(AS_OF, LANDED_AT), LANDED_AT, OBJECT, LINE)
    if receipt := dataset.receipt_order:
        return rows.sort(*receipt, *instants, descending=True)
    return rows.sort(*instants)
