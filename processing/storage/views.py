"""The view over history: the row that counts for each key of a dataset, across all of its history files."""

from pathlib import Path
from typing import Final

import polars as pl

from lake.keys import warehouse_prefix
from processing.declaring.dataset import Dataset
from processing.readers.records import DELETED, LINE
from processing.storage.columns import AS_OF, LANDED_AT, OBJECT, warehouse_columns
from processing.storage.store import Store

# A file written before a column was declared with a wider type holds the narrower type.
_WIDENED: Final = pl.ScanCastOptions(integer_cast="upcast", float_cast="upcast")


def published_view(store: Store, dataset: Dataset) -> pl.LazyFrame:
    """Return a dataset's current rows: its declared columns, then the lineage columns.

    Of the rows with one key, the row that its source changed last counts, if the source states the time; otherwise the
    row that arrived last. (Files that waited together at their source land in any order.) Rows with the same time are
    ordered by arrival, then by object key as text, then by line, so the view is reproducible. Of events with one key,
    the first received counts, whichever objects they landed in.
    A row that was deleted at its source is not in the view, if the source reports deletions.
    A dataset without history files has an empty view with all columns. In rows of a file older than a column's
    declaration, the column is missing or has the value that the dataset declares for this case.
    """
    files = [store.read(key) for key in store.keys(warehouse_prefix(dataset.name))]
    if not files:
        return pl.LazyFrame(schema=warehouse_columns(dataset))
    return current_rows(warehouse_rows(files, dataset), dataset).filter(~pl.col(DELETED))


def warehouse_rows(files: list[bytes] | Path, dataset: Dataset) -> pl.LazyFrame:
    """Return the rows of some history files with the columns that are declared now."""
    # As in Athena: the present declaration, with missing values where a file is older than a column.
    columns = warehouse_columns(dataset)
    rows = pl.scan_parquet(
        files, schema=columns, missing_columns="insert", extra_columns="ignore", cast_options=_WIDENED
    )
    return rows.with_columns(dataset.filled(columns))


def current_rows(rows: pl.LazyFrame, dataset: Dataset) -> pl.LazyFrame:
    """Return the row that counts for each key."""
    return in_order(rows, dataset).unique(subset=dataset.schema.primary_key(), keep="last", maintain_order=True)


def in_order(rows: pl.LazyFrame, dataset: Dataset) -> pl.LazyFrame:
    """Return rows in the order in which later ones supersede earlier ones with the same key."""
    # In files written before the column existed, rows count from their landing.
    instants = (pl.coalesce(AS_OF, LANDED_AT), LANDED_AT, OBJECT, LINE)
    if receipt := dataset.receipt_order:
        return rows.sort(*receipt, *instants, descending=True)
    return rows.sort(*instants)
