"""A table's rows as Arrow batches, and into one parquet file. Memory is bounded by a few batches of them."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from jobs.extract_from_sql.arrow import Batch, Schema
from jobs.extract_from_sql.catalogue import Table
from jobs.extract_from_sql.connection import Server
from jobs.extract_from_sql.errors import ExtractionError, database_errors
from jobs.extract_from_sql.query import Query
from jobs.extract_from_sql.types import ColumnPlan
from lake.threads import side_by_side

# The driver's buffers are of the columns' declared widths, so the width decides how many rows a batch has.
BATCH_BYTES: Final = 16 * 1024 * 1024
MAXIMUM_BATCH_ROWS: Final = 32_768
# A value of a (max) column may be of any length; few at a time.
UNLIMITED_BYTES: Final = 64 * 1024
ROW_GROUP_ROWS: Final = 131_072
ROW_GROUP_BYTES: Final = 32 * 1024 * 1024
GRACE_SECONDS: Final = 30.0
"""How much longer than the driver the extraction waits for an answer: the driver cancels the query on the server."""


def read_batches(
    server: Server, table: Table, plans: Sequence[ColumnPlan], queries: Sequence[Query]
) -> Iterator[Batch]:
    """The rows of some statements, each over a connection of its own, side by side.

    Raises:
        ExtractionError: the server or the driver refused, a value cannot be mapped, or no rows arrive in time.
    """
    readers = [_read(server, table, plans, query) for query in queries]
    try:
        yield from side_by_side(readers, server.answer_within.total_seconds() + GRACE_SECONDS)
    except TimeoutError as error:
        raise ExtractionError(
            f"reading {table} failed: the connection is open, but no rows arrive, {error}; check the server "
            "and the network; the next run reads the same range"
        ) from error


def schema_of(plans: Sequence[ColumnPlan]) -> Schema:
    """The columns of the parquet file."""
    return pa.schema([field for plan in plans for field in plan.fields])


class RowsFile:
    """A parquet file that rows are added to, in row groups of a bounded size.

    Args:
        path: the file; replaced if it is there.
        schema: its columns.
        metadata: the file's own key-value metadata.
    """

    def __init__(self, path: Path, schema: Schema, metadata: Mapping[str, str]) -> None:
        self._schema = schema
        self._writer = pq.ParquetWriter(path, schema, compression="zstd")
        self._writer.add_key_value_metadata(dict(metadata))
        self._waiting: list[Batch] = []
        self.rows = 0

    def add(self, batch: Batch) -> None:
        """Add a batch of the file's columns."""
        if not batch.num_rows:
            return
        self.rows += batch.num_rows
        self._waiting.append(batch)
        rows = sum(waiting.num_rows for waiting in self._waiting)
        if rows >= ROW_GROUP_ROWS or sum(waiting.nbytes for waiting in self._waiting) >= ROW_GROUP_BYTES:
            self._flush()

    def close(self, metadata: Mapping[str, str]) -> None:
        """Write what is left and the file's end, with metadata that is known only now."""
        self._flush()
        self._writer.add_key_value_metadata(dict(metadata))
        self._writer.close()

    def _flush(self) -> None:
        if self._waiting:
            self._writer.write_table(pa.Table.from_batches(self._waiting, self._schema), row_group_size=ROW_GROUP_ROWS)
            self._waiting.clear()


def _read(server: Server, table: Table, plans: Sequence[ColumnPlan], query: Query) -> Iterator[Batch]:
    schema = schema_of(plans)
    with server.connect_for_rows() as connection, database_errors(f"reading {table}"), connection.cursor() as cursor:
        cursor.execute(query.text, query.parameters)
        for batch in cursor.arrow_reader(_batch_rows(table)):
            yield _converted(batch, plans, schema)


def _converted(batch: Batch, plans: Sequence[ColumnPlan], schema: Schema) -> Batch:
    selected = iter(batch.columns)
    arrays = [array for plan in plans for array in plan.convert([next(selected) for _ in plan.expressions])]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _batch_rows(table: Table) -> int:
    width = 0
    for column in table.columns:
        length = column.length or 8
        width += UNLIMITED_BYTES if length < 0 else 2 * length + 8
    return max(1, min(MAXIMUM_BATCH_ROWS, BATCH_BYTES // width))
