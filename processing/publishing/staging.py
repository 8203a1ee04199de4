"""Stages history files for Spark: polars reads them on the executors and writes files of an Iceberg table.

So both engines get the same rows: the same types, the same values for missing columns, and nanoseconds in their own
column. The files are in the live table's folder, and no published table refers to them.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

import polars as pl
import pyarrow.parquet as pq
from pyiceberg.io import load_file_io
from pyiceberg.manifest import DataFile
from pyiceberg.schema import Schema
from pyiceberg.table.metadata import TableMetadata, TableMetadataUtil
from pyiceberg.types import BooleanType, NestedField

from processing.declaring.dataset import Dataset
from processing.publishing.columns import declared, polars_columns, published_columns
from processing.publishing.files import write_rows
from processing.publishing.history import History, batches
from processing.readers.records import DELETED
from processing.storage.store import Store

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

IS_DELETED: Final = "_published_is_deleted"
"""Column of a staged row: true if it was deleted at its source. Iceberg reserves the name used in history files."""
_TASKS_FOR_A_CORE: Final = 3


@dataclass(frozen=True)
class Staging:
    """How executors write history files as files of a table."""

    open_store: Callable[[], Store]
    """Called on the executors, so it must be a function at module level."""
    dataset: Dataset
    table: Mapping[str, pl.DataType]
    """Stored columns of the live table."""
    metadata: str
    """Metadata of the staged table, as JSON."""
    io: Mapping[str, str]
    """Properties of the table's FileIO."""
    key_files: Sequence[str] = ()
    """Files of stored keys. If there are any, only rows with these keys are written."""

    def files(self, session: "SparkSession", keys: Iterable[str]) -> list[DataFile]:
        """Write the rows of some history files, given by key. Return the written files."""
        ordered = sorted(set(keys))
        if not ordered:
            return []
        context = session.sparkContext
        number = min(len(ordered), _TASKS_FOR_A_CORE * context.defaultParallelism)
        # One task has every n-th file, because files of one time often have one size.
        tasks = [ordered[start::number] for start in range(number)]
        return context.parallelize(tasks, number).flatMap(self).collect()

    def __call__(self, keys: Sequence[str]) -> list[DataFile]:
        """Write the rows of some history files. Memory follows `processing.publishing.history.batches`."""
        metadata = TableMetadataUtil.parse_raw(self.metadata)
        return write_rows(load_file_io(dict(self.io), metadata.location), metadata, self._frames(keys))

    def _frames(self, keys: Sequence[str]) -> Iterator[pl.DataFrame]:
        store = self.open_store()
        history = History(store, self.dataset, self.table)
        wanted = self._wanted
        for batch in batches(store, keys):
            rows = history.rows(batch)
            if wanted is not None:
                rows = rows.join(wanted, on=wanted.columns, how="semi")
            yield history.stored(rows).with_columns(rows[DELETED].alias(IS_DELETED))

    @cached_property
    def _wanted(self) -> pl.DataFrame | None:
        """Return the keys with the declared types."""
        if not self.key_files:
            return None
        io = load_file_io(dict(self.io))
        frames: list[pl.DataFrame] = []
        for path in self.key_files:
            with io.new_input(path).open() as stream:
                frames.append(pl.DataFrame(pl.from_arrow(pq.read_table(stream))))
        columns = published_columns(self.dataset)
        key = {name: columns[name] for name in self.dataset.schema.primary_key()}
        return declared(pl.concat(frames).lazy(), key).collect()


def staging(
    open_store: Callable[[], Store], dataset: Dataset, live: TableMetadata, io: Mapping[str, str]
) -> tuple[Staging, TableMetadata]:
    """Return how history files are staged, and the table in which they are staged.

    Args:
        open_store: opens the lake on an executor.
        dataset: the dataset of the history files.
        live: the live table's future metadata, without its snapshots.
        io: properties of the FileIO of its files.
    """
    schema = live.schema()
    flag = NestedField(live.last_column_id + 1, IS_DELETED, BooleanType(), required=False)
    staged = live.model_copy(
        update={
            "schemas": [Schema(*schema.fields, flag, **{"schema-id": live.current_schema_id})],
            "last_column_id": live.last_column_id + 1,
        }
    )
    return Staging(open_store, dataset, polars_columns(schema), staged.model_dump_json(), io), staged
