"""The files of a published table: their live rows, the positions of keys, and how they are written."""

import uuid
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from itertools import count
from typing import Any, Final, Self

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from pyiceberg.conversions import from_bytes, to_bytes
from pyiceberg.io import FileIO
from pyiceberg.io.pyarrow import write_file
from pyiceberg.manifest import DataFile, DataFileContent, FileFormat
from pyiceberg.schema import Schema
from pyiceberg.table import Table, WriteTask
from pyiceberg.table.locations import load_location_provider
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.typedef import Record
from pyiceberg.types import LongType, PrimitiveType

from processing.publishing.columns import polars_columns
from processing.publishing.look_back import LookBack
from processing.publishing.ranges import ORDERED, Bounds, any_within, physical
from processing.publishing.table_files import PATH_FIELD, POSITION_FIELD, TableFile

FILE: Final = "_published_file"
"""Path of the data file with the row."""
POSITION: Final = "_published_position"
"""Number of the row in that file, from 0."""
ROW_GROUP: Final = 131_072
"""Rows of a row group. A reader that looks for a key reads whole row groups."""
_DELETES: Final = pa.schema(
    [
        pa.field("file_path", pa.string(), nullable=False, metadata={"PARQUET:field_id": str(PATH_FIELD)}),
        pa.field("pos", pa.int64(), nullable=False, metadata={"PARQUET:field_id": str(POSITION_FIELD)}),
    ]
)
_INTEGERS: Final = ("INT32", "INT64")
"""Parquet's types of integers, dates and instants."""


class Keys:
    """Keys to look for, in stored form.

    Args:
        rows: the keys, with a column for each column of the key.
    """

    def __init__(self, rows: pl.DataFrame) -> None:
        self.rows = rows.unique()
        self._sorted = {
            name: physical(self.rows[name].unique().sort())
            for name, kind in rows.schema.items()
            if isinstance(kind, ORDERED)
        }

    def may_be_in(self, bounds: Bounds) -> bool:
        """Return true if one of the keys may lie within the lowest and highest values of some columns."""
        return self.rows.height > 0 and all(
            self._touches(name, *bounds[name]) for name in self._sorted if name in bounds
        )

    def _touches(self, name: str, low: Any, high: Any) -> bool:  # noqa: ANN401 - values of any column
        return any_within(self._sorted[name], low, high)


class RowGroup:
    """A row group of an open data file."""

    def __init__(self, source: "DataFileReader", number: int, start: int) -> None:
        self._source, self._number, self._start = source, number, start
        self._metadata = source.parquet.metadata.row_group(number)
        self.rows: int = self._metadata.num_rows

    def bounds(self, columns: Iterable[str]) -> Bounds:
        """Return the bounds of some columns."""
        wanted = set(columns)
        found: dict[str, tuple[Any, Any]] = {}
        for index in range(self._metadata.num_columns):
            column = self._metadata.column(index)
            if column.path_in_schema not in wanted or not column.is_stats_set:
                continue
            known = column.statistics
            if known.has_min_max and known.has_null_count and not known.null_count:
                whole = column.physical_type in _INTEGERS
                found[column.path_in_schema] = (known.min_raw, known.max_raw) if whole else (known.min, known.max)
        return found

    def read(self, columns: Mapping[str, pl.DataType], keys: Keys | None = None) -> pl.DataFrame:
        """Return its live rows, with FILE and POSITION.

        Args:
            columns: stored columns to read. A column that the file lacks is missing in its rows.
            keys: limits the rows to these keys, whose columns are then included.
        """
        names = [name for name in columns if name in self._source.parquet.schema_arrow.names]
        rows = pl.select(pl.int_range(self._start, self._start + self.rows, dtype=pl.Int64).alias(POSITION))
        if names:
            read = pl.from_arrow(self._source.parquet.read_row_group(self._number, columns=names))
            rows = rows.hstack(pl.DataFrame(read))
        place = {FILE: pl.String(), POSITION: pl.Int64()}
        rows = completed(rows.with_columns(pl.lit(self._source.file.path).alias(FILE)), {**columns, **place})
        if keys is not None:
            rows = rows.join(keys.rows, on=keys.rows.columns, how="semi")
        if rows.height and self._source.dead.len():
            rows = rows.filter(~pl.col(POSITION).is_in(self._source.dead.implode()))
        return rows


class DataFileReader:
    """A data file of a table. Use it in a `with` statement."""

    def __init__(self, io: FileIO, file: TableFile) -> None:
        self.file = file
        self._io = io
        self._stream = io.new_input(file.path).open()
        self.parquet = pq.ParquetFile(self._stream, pre_buffer=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.parquet.close()
        self._stream.close()

    def groups(self) -> Iterator[RowGroup]:
        """Yield its row groups in order."""
        start = 0
        for number in range(self.parquet.num_row_groups):
            group = RowGroup(self, number, start)
            start += group.rows
            yield group

    @cached_property
    def dead(self) -> pl.Series:
        """Return the positions of deleted rows. The delete files are read on first use."""
        return deleted_positions(self._io, self.file)


def live_rows(io: FileIO, file: TableFile, columns: Mapping[str, pl.DataType]) -> Iterator[pl.DataFrame]:
    """Yield the live rows of a data file with FILE and POSITION, in a frame for each row group."""
    with DataFileReader(io, file) as source:
        for group in source.groups():
            yield group.read(columns)


def located(
    table: Table,
    files: Iterable[TableFile],
    keys: Keys,
    others: Mapping[str, pl.DataType],
    look_back: LookBack | None = None,
) -> pl.DataFrame:
    """Return the live rows with one of the keys: the key, some other columns, FILE and POSITION.

    Other columns are read only in row groups with such rows. Files and row groups outside the look-back are not read.
    """

    def may_be_in(bounds: Bounds) -> bool:
        return keys.may_be_in(bounds) and (look_back is None or look_back.may_be_in(bounds))

    columns = keys.rows.schema
    bounded = [*columns, *([look_back.column] if look_back else ())]
    frames = [pl.DataFrame(schema={**columns, **others, FILE: pl.String(), POSITION: pl.Int64()})]
    for file in files:
        if not may_be_in(file_bounds(table.schema(), file, bounded)):
            continue
        with DataFileReader(table.io, file) as source:
            for group in source.groups():
                if may_be_in(group.bounds(bounded)) and (found := group.read(columns, keys)).height:
                    rest = group.read(others).drop(FILE)
                    own = _with_own_texts(found.drop(FILE).join(rest, on=POSITION))
                    frames.append(own.with_columns(pl.lit(file.path).alias(FILE)).select(frames[0].columns))
    return pl.concat(frames)


def _with_own_texts(rows: pl.DataFrame) -> pl.DataFrame:
    """A copy of some rows. A join leaves them texts that hold those of all rows of the row group in memory."""
    return pl.DataFrame(pl.from_arrow(rows.to_arrow(compat_level=pl.CompatLevel.oldest())))


def deleted_positions(io: FileIO, file: TableFile) -> pl.Series:
    """Return the positions of a data file's deleted rows."""
    found = (positions_in(io, deletes.data_file, file.path) for deletes in file.deletes)
    return pl.concat([pl.Series([], dtype=pl.Int64), *found])


def positions_in(io: FileIO, deletes: DataFile, path: str) -> pl.Series:
    """Return a data file's positions in a position delete file."""
    with io.new_input(deletes.file_path).open() as stream:
        rows = pl.DataFrame(pl.from_arrow(pq.read_table(stream)))
    return rows.filter(pl.col("file_path") == path)["pos"].cast(pl.Int64)


def completed(rows: pl.DataFrame, columns: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """Return rows with all of some stored columns: absent ones are missing, narrower types are widened."""
    return rows.with_columns(
        pl.col(name).cast(kind) if name in rows.columns else pl.lit(None, kind).alias(name)
        for name, kind in columns.items()
    ).select(*columns)


def write_rows(io: FileIO, metadata: TableMetadata, frames: Iterable[pl.DataFrame]) -> list[DataFile]:
    """Write rows as data files, one for each frame with rows.

    Args:
        io: writes the files.
        metadata: contains the files' schema. Columns that a frame lacks are missing in its rows.
        frames: stored columns.
    """
    columns = polars_columns(metadata.schema())
    name, numbers = uuid.uuid4(), count()
    written: list[DataFile] = []
    for frame in frames:
        if not frame.height:
            continue
        table = completed(frame, columns).to_arrow(compat_level=pl.CompatLevel.oldest())
        task = WriteTask(name, next(numbers), metadata.schema(), table.to_batches())
        written += write_file(io, metadata, iter([task]))
    return written


def write_deletes(io: FileIO, metadata: TableMetadata, path: str, positions: pl.Series) -> DataFile:
    """Write the positions of a data file's deleted rows.

    The file covers only this data file: many readers, including polars, can read only such files.
    """
    rows = positions.unique().sort()
    location = load_location_provider(metadata.location, metadata.properties).new_data_location(
        f"{uuid.uuid4()}-deletes.parquet"
    )
    output = io.new_output(location)
    table = pa.table({"file_path": pa.array([path] * len(rows), pa.string()), "pos": rows.to_arrow()}, schema=_DELETES)
    with output.create(overwrite=True) as stream:
        pq.write_table(table, stream, compression="zstd")
    bound = path.encode()
    return DataFile.from_args(
        content=DataFileContent.POSITION_DELETES,
        file_path=location,
        file_format=FileFormat.PARQUET,
        partition=Record(),
        record_count=len(rows),
        file_size_in_bytes=len(output),
        lower_bounds={PATH_FIELD: bound, POSITION_FIELD: to_bytes(LongType(), rows[0])},
        upper_bounds={PATH_FIELD: bound, POSITION_FIELD: to_bytes(LongType(), rows[-1])},
        spec_id=metadata.default_spec_id,
    )


def file_bounds(schema: Schema, file: TableFile, columns: Iterable[str]) -> Bounds:
    """Return the bounds of some columns of a data file, from its manifest."""
    return bounds_of(schema, file.entry.data_file, columns)


def bounds_of(schema: Schema, data: DataFile, columns: Iterable[str]) -> Bounds:
    """Return the same for a file that is in no manifest yet."""
    missing = data.null_value_counts or {}
    known = set(schema.column_names)
    found: dict[str, tuple[Any, Any]] = {}
    for name in known.intersection(columns):
        column = schema.find_field(name)
        low, high = (each.get(column.field_id) for each in (data.lower_bounds or {}, data.upper_bounds or {}))
        if missing.get(column.field_id, 1) or low is None or high is None:
            continue
        if isinstance(column.field_type, PrimitiveType):
            found[name] = from_bytes(column.field_type, low), from_bytes(column.field_type, high)
    return found
