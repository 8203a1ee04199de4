"""The rows of history files as a merge reads them."""

from collections.abc import Iterable, Mapping

import polars as pl

from lake.keys import warehouse_prefix
from processing.declaring.dataset import Dataset
from processing.publishing.columns import published_columns, stored, stored_columns
from processing.publishing.files import completed
from processing.readers.records import DELETED
from processing.storage.columns import warehouse_columns
from processing.storage.store import Store
from processing.storage.views import warehouse_rows

_KEPT = "_kept|"
"""Before the name of a stored column that is not declared any more. No column of a file begins with it."""


class History:
    """A dataset's history files.

    Args:
        store: the lake.
        dataset: whose files.
        table: stored columns of the published table. Those that are not declared any more are read as well: a file may
            have been written when they were.
    """

    def __init__(self, store: Store, dataset: Dataset, table: Mapping[str, pl.DataType]) -> None:
        self._store, self._dataset = store, dataset
        ours = stored_columns(published_columns(dataset))
        self._kept = {name: kind for name, kind in table.items() if name not in ours}

    def rows(self, files: Iterable[str]) -> pl.DataFrame:
        """The rows of some history files: the declared columns, the lineage, then the kept columns."""
        kept = {f"{_KEPT}{name}": kind for name, kind in self._kept.items()}
        empty = pl.DataFrame(schema={**warehouse_columns(self._dataset), **kept})
        return pl.concat([empty, *(self._file(self._store.read(key)).collect() for key in sorted(set(files)))])

    def rows_with(self, keys: pl.DataFrame) -> pl.DataFrame:
        """The rows of all history files that have one of some keys. Reads every file."""
        found = [
            self._file(self._store.read(key)).join(keys.lazy(), on=keys.columns, how="semi").collect()
            for key in self._store.keys(warehouse_prefix(self._dataset.name))
        ]
        return pl.concat([self.rows(()), *found])

    def stored(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Rows as the table stores them, without the mark of deleted rows."""
        ours = stored(rows, published_columns(self._dataset))
        kept = rows.select(pl.col(f"{_KEPT}{name}").alias(name) for name in self._kept)
        return ours.hstack(kept)

    def _file(self, content: bytes) -> pl.LazyFrame:
        rows = warehouse_rows([content], self._dataset)
        if not self._kept:
            return rows
        return pl.concat([rows, self._kept_values(content)], how="horizontal")

    def _kept_values(self, content: bytes) -> pl.LazyFrame:
        """The columns that are not declared any more, missing where the file does not have them."""
        file = pl.read_parquet(content)
        values = stored(file, {name: kind for name, kind in file.schema.items() if name != DELETED})
        return completed(values, self._kept).lazy().select(pl.all().name.prefix(_KEPT))
