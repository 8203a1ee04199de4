"""Deleted rows of a snapshot table: those of the last snapshot whose key the table has no more."""

from pathlib import Path

import polars as pl
import pyarrow as pa

from jobs.extract_from_sql.arrow import Batch, Rows, Schema
from processing.readers.records import DELETED


class Snapshot:
    """Collects the keys of a snapshot as it is read, and compares them with the last one.

    Args:
        key: the columns that tell the table's rows apart.
    """

    def __init__(self, key: list[str]) -> None:
        self._key = key
        self._keys: list[pl.DataFrame] = []

    def mark(self, batch: Batch) -> Batch:
        """A batch of the table's rows with the column that says that they are there."""
        self._keys.append(pl.DataFrame(batch.select(self._key)))
        return batch.append_column(pa.field(DELETED, pa.bool_()), pa.array([False] * batch.num_rows))

    def deleted(self, last: Path, schema: Schema) -> Rows:
        """The rows of the last snapshot that are gone, as rows of this one's columns."""
        before = pl.scan_parquet(last).filter(~pl.col(DELETED))
        if self._keys:
            before = before.join(pl.concat(self._keys).lazy(), on=self._key, how="anti")
        gone = before.collect(engine="streaming").to_arrow()
        columns = [
            gone.column(field.name).cast(field.type)
            if field.name in gone.column_names
            else pa.nulls(gone.num_rows, field.type)
            for field in schema
        ]
        marked = pa.Table.from_arrays(columns, schema=schema)
        return marked.set_column(
            schema.get_field_index(DELETED), schema.field(DELETED), pa.array([True] * gone.num_rows, pa.bool_())
        )
