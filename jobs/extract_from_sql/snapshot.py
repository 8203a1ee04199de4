"""Deleted rows of a snapshot table: those of the last snapshot whose key the table no longer has.

A column may have been retyped since the last snapshot. If each of its old values can become the new type and back, it
does. Otherwise the column is text in this one object, old values and new ones alike: readers take every value as text
anyway, and a key such as 'A7' of a column that is a number now is still recorded as deleted.
"""

from pathlib import Path
from typing import Final

import polars as pl
import pyarrow as pa

from jobs.extract_from_sql.arrow import Batch, Rows, Schema
from jobs.extract_from_sql.errors import ExtractionError
from processing.readers.parquet_records import as_text
from processing.readers.records import DELETED

_MARK: Final = pa.field(DELETED, pa.bool_())


class Snapshot:
    """Collects the keys of a snapshot as it is read, and compares them with the last one.

    Args:
        key: the columns that tell the table's rows apart.
        schema: the rows' columns.
        last: the last snapshot's file; None if there is none to compare with.

    Raises:
        ExtractionError: the last object lacks the key, or it is not a snapshot.
    """

    def __init__(self, key: list[str], schema: Schema, last: Path | None = None) -> None:
        self._key = key
        self._keys: list[pl.DataFrame] = []
        self._before = None if last is None else _live_rows(last, key)
        now = pl.DataFrame(pa.Table.from_batches([], schema)).schema
        self._texts = set[str]() if self._before is None else _not_convertible(self._before, now)
        self.schema = pa.schema(
            [pa.field(field.name, pa.large_string()) if field.name in self._texts else field for field in schema]
        ).append(_MARK)
        """Columns of the object."""

    def mark(self, batch: Batch) -> Batch:
        """A batch of the table's rows with the column that says that they are not deleted."""
        for name in self._texts:
            column = pl.DataFrame(batch.select([name]))
            text = column.select(as_text(name, column.schema[name])).to_series().to_arrow().cast(pa.large_string())
            batch = batch.set_column(batch.schema.get_field_index(name), name, text)
        self._keys.append(pl.DataFrame(batch.select(self._key)))
        return batch.append_column(_MARK, pa.array([False] * batch.num_rows))

    def deleted(self) -> Rows:
        """The rows of the last snapshot that are gone, as rows of this one's columns."""
        if self._before is None:
            return self.schema.empty_table()
        columns = dict(pl.DataFrame(self.schema.empty_table()).schema)
        before = self._before.collect_schema()
        gone = self._before.select(
            _as(name, before[name], kind) if name in before else pl.lit(None, kind).alias(name)
            for name, kind in columns.items()
        )
        if self._keys:
            gone = gone.join(pl.concat(self._keys).lazy(), on=self._key, how="anti")
        return (
            gone.with_columns(pl.lit(value=True).alias(DELETED))
            .collect(engine="streaming")
            .to_arrow()
            .cast(self.schema)
        )


def is_snapshot(file: Path, key: list[str]) -> bool:
    """Whether an object is a snapshot in which this key is unique."""
    return {*key, DELETED} <= pl.read_parquet_schema(file).keys()


def _live_rows(last: Path, key: list[str]) -> pl.LazyFrame:
    if not is_snapshot(last, key):
        raise ExtractionError(
            f"the last object of this dataset does not have all columns {[*key, DELETED]}, so this snapshot "
            "cannot be compared with it; run the extraction once with --whole-table"
        )
    return pl.scan_parquet(last).filter(~pl.col(DELETED))


def _as(name: str, before: pl.DataType, now: pl.DataType) -> pl.Expr:
    if before == now:
        return pl.col(name)
    return as_text(name, before) if now == pl.String else pl.col(name).cast(now, strict=False)


def _not_convertible(before: pl.LazyFrame, now: pl.Schema) -> set[str]:
    """The columns with a value that cannot become the new type and back."""
    retyped = {name: kind for name, kind in before.collect_schema().items() if name in now and now[name] != kind}
    # Into text every value can go; between other types polars does not know every cast.
    checked = {name: kind for name, kind in retyped.items() if now[name] != pl.String}
    unequal = set[str]()
    for name, kind in checked.items():
        value = pl.col(name)
        try:
            back = value.cast(now[name], strict=False).cast(kind, strict=False)
            if before.select((back.ne_missing(value)).any()).collect().item():
                unequal.add(name)
        except pl.exceptions.PolarsError:
            unequal.add(name)
    return unequal
