"""A published table that DuckDB scans: only the columns that a statement needs, and only files that can have its rows.

DuckDB accepts an object of pyarrow's class Dataset as a table with filters and projections. It requests a scanner with
columns and filter for each scan, so nothing is read earlier, and a table named twice is read twice.
"""

import struct
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, Final, TypeAlias

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.fs
from pyiceberg.conversions import from_bytes
from pyiceberg.expressions import AlwaysTrue
from pyiceberg.io.pyarrow import ArrowScan
from pyiceberg.manifest import DataFile
from pyiceberg.table import FileScanTask, Table
from pyiceberg.types import (
    DateType,
    DecimalType,
    IntegerType,
    LongType,
    NestedField,
    StringType,
    TimestampType,
    TimestamptzType,
)

_ORDERED: Final = (DateType, DecimalType, IntegerType, LongType, StringType, TimestampType, TimestamptzType)
"""Types whose bounds in a manifest limit the values. Floating-point types have NaN outside the bounds."""
_AT_ONCE: Final = 64_000_000
"""Bytes of the files that are read at the same time. pyiceberg keeps all rows of a call in memory."""


# pyarrow's classes have no types.
ArrowBatch: TypeAlias = Any
ArrowDataset: TypeAlias = Any
ArrowExpression: TypeAlias = Any
ArrowScanner: TypeAlias = Any
ArrowSchema: TypeAlias = Any
ArrowTable: TypeAlias = Any


class PublishedScan(ds.Dataset):  # pyright: ignore[reportUntypedBaseClass]
    """The current snapshot of an Iceberg table, with position deletes applied and added columns filled.

    Args:
        table: the table as loaded.
    """

    files_read: int
    """Number of files read by the scans so far; a file read twice counts twice."""
    bytes_read: int
    """Size of these files in bytes."""
    failure: Exception | None
    """The error of a failed scan, of which DuckDB keeps only the text."""

    def __init__(self, table: Table) -> None:
        # pyarrow's own constructor cannot be called: its datasets are created in C++.
        self._table = table
        self.files_read, self.bytes_read, self.failure = 0, 0, None

    @cached_property
    def _arrow_schema(self) -> ArrowSchema:
        return self._table.schema().as_arrow()

    @property
    def schema(self) -> ArrowSchema:
        """Return the table's columns."""
        return self._arrow_schema

    @cached_property
    def tasks(self) -> Sequence[FileScanTask]:
        """Return every data file of the snapshot, with the files that delete rows of it."""
        return [*self._table.scan().plan_files()]

    def scanner(
        self,
        columns: Sequence[str] | None = None,
        filter: ArrowExpression | None = None,  # noqa: A002 - pyarrow's name
        **_options: object,
    ) -> ArrowScanner:
        """Return the scanner that DuckDB requests.

        Args:
            columns: the needed columns; all if not given.
            filter: the needed rows; DuckDB does not check them again.
        """
        needed = {*(self.schema.names if columns is None else columns), *self._named_by(filter)}
        # A statement that only counts needs no column, but a file cannot be read without one.
        needed = needed or {self.schema.names[0]}
        schema = pa.schema([each for each in self.schema if each.name in needed])
        return ds.Scanner.from_batches(
            self._batches(schema, filter), schema=schema, columns=None if columns is None else [*columns], filter=filter
        )

    def _batches(self, schema: ArrowSchema, condition: ArrowExpression | None) -> Iterator[ArrowBatch]:
        try:
            tasks = self._possible(condition)
            self.files_read += len(tasks)
            self.bytes_read += sum(each.file.file_size_in_bytes for each in tasks)
            scan = self._table.scan(selected_fields=tuple(schema.names))
            reader = ArrowScan(self._table.metadata, self._table.io, scan.projection(), AlwaysTrue())
            for group in _grouped(tasks):
                for batch in reader.to_record_batches(group):
                    # Files of different ages have columns of different types.
                    yield from pa.Table.from_batches([batch]).select(schema.names).cast(schema).to_batches()
        except Exception as error:
            self.failure = error
            raise

    def _named_by(self, condition: ArrowExpression | None) -> list[str]:
        """Return the columns in an expression. It is not valid without them; pyarrow does not list them."""
        if condition is None:
            return []
        empty = self.schema.empty_table()
        return [name for name in self.schema.names if not _is_valid(condition, empty.drop_columns([name]))]

    def _possible(self, condition: ArrowExpression | None) -> Sequence[FileScanTask]:
        """Return the files that can have rows of a filter, by the lowest and highest values of its columns."""
        if condition is None:
            return self.tasks
        fields = [self._table.schema().find_field(name) for name in self._named_by(condition)]
        file_format, nowhere = ds.ParquetFileFormat(), pyarrow.fs.LocalFileSystem()
        fragments = [
            file_format.make_fragment(
                str(number), filesystem=nowhere, partition_expression=self._guarantee(task.file, fields)
            )
            for number, task in enumerate(self.tasks)
        ]
        known = ds.FileSystemDataset(fragments, self.schema, file_format, filesystem=nowhere)
        return [self.tasks[int(each.path)] for each in known.get_fragments(filter=condition)]

    def _guarantee(self, file: DataFile, fields: Sequence[NestedField]) -> ArrowExpression:
        """Return an expression that is true for every row of a file."""
        true = ds.scalar(True)  # noqa: FBT003 - the value
        for field in fields:
            bounds = _bounds(file, field)
            if bounds is not None:
                column, kind = ds.field(field.name), self.schema.field(field.name).type
                low, high = (ds.scalar(pa.scalar(each, kind)) for each in bounds)
                missing = column.is_null()
                true = true & ((column >= low) | missing) & ((column <= high) | missing)
        return true


def _bounds(file: DataFile, field: NestedField) -> tuple[Any, Any] | None:
    low, high = ((each or {}).get(field.field_id) for each in (file.lower_bounds, file.upper_bounds))
    if low is None or high is None or not isinstance(field.field_type, _ORDERED):
        return None
    try:
        return from_bytes(field.field_type, low), from_bytes(field.field_type, high)
    except (ValueError, struct.error):
        # The bound was written when the column was narrower.
        return None


def _is_valid(condition: ArrowExpression, rows: ArrowTable) -> bool:
    try:
        rows.filter(condition)
    except (pa.ArrowInvalid, pa.ArrowKeyError):
        return False
    return True


def _grouped(tasks: Sequence[FileScanTask]) -> Iterator[list[FileScanTask]]:
    """Yield the files in groups that are small enough for the memory; a larger file is a group of its own."""
    group: list[FileScanTask] = []
    size = 0
    for task in tasks:
        if group and size + task.file.file_size_in_bytes > _AT_ONCE:
            yield group
            group, size = [], 0
        group.append(task)
        size += task.file.file_size_in_bytes
    if group:
        yield group
