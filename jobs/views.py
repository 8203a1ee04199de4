"""Published views: the latest row per key of a dataset, across all of its warehouse files."""

import dataframely as dy
import polars as pl

from jobs.datasets.declaration import Dataset
from jobs.readers.records import DELETED, LINE
from jobs.store import Store
from jobs.warehouse.columns import LANDED_AT, LINEAGE, OBJECT
from lake.keys import warehouse_prefix


def published_view(store: Store, dataset: Dataset) -> pl.LazyFrame:
    """A dataset's current rows: its declared columns, then the lineage columns.

    Of the rows with one key, the one whose object arrived last counts. Of those that arrived at one instant it is
    the last by object key as text and then by line, so that the view is the same each time.
    A row whose source has it no more is not in the view, as far as the source tells that.
    A dataset without warehouse files has an empty view with all columns.
    """
    files = [store.read(key) for key in store.keys(warehouse_prefix(dataset.name))]
    if not files:
        return _empty(dataset.schema)
    return latest_rows(pl.scan_parquet(files), dataset.schema.primary_key()).filter(~pl.col(DELETED))


def latest_rows(rows: pl.LazyFrame, key: list[str]) -> pl.LazyFrame:
    """Of the rows with one key, the one that arrived last."""
    return rows.sort(LANDED_AT, OBJECT, LINE).unique(subset=key, keep="last", maintain_order=True)


def _empty(schema: type[dy.Schema]) -> pl.LazyFrame:
    declared = {name: column.dtype for name, column in schema.columns().items()}
    return pl.LazyFrame(schema={**declared, **LINEAGE})
