"""SQL Server's types, mapped exactly: what to ask the server for, and what the parquet file holds.

| SQL Server | parquet |
|---|---|
| bit | bool |
| tinyint, smallint, int, bigint | uint8, int16, int32, int64 |
| decimal, numeric, money, smallmoney | decimal of the same digits |
| real, float | float32, float64 |
| date; time(n) | date32; time64 in ns |
| datetime, smalldatetime, datetime2(0…6) | timestamp in µs |
| datetime2(7) | timestamp in ns, which spans 1677-09-21 to 2262-04-11: a value outside stops the table |
| datetimeoffset(n) | the instant as a timestamp in ns, UTC, and its offset in `_{column}_offset_minutes` |
| uniqueidentifier, char, varchar, nchar, nvarchar, sysname | string |
| binary, varbinary, rowversion | binary |

A date or time whose column is declared as text arrives as the server's own text, which has no such span. Binary whose
column is declared as text arrives as hexadecimal digits after 0x.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pyarrow as pa

from jobs.extract_from_sql.arrow import Array, DataType, Field, compute
from jobs.extract_from_sql.catalogue import Column, Table
from jobs.extract_from_sql.errors import ExtractionError

NANOSECONDS: Final = pa.timestamp("ns")
NANOSECONDS_UTC: Final = pa.timestamp("ns", "UTC")
# The driver gives microseconds; a seventh digit is asked for on its own.
DRIVER_DIGITS: Final = 6
_TIMES: Final = {"date", "time", "datetime", "smalldatetime", "datetime2", "datetimeoffset"}
_BINARY: Final = ("binary", "varbinary", "timestamp", "rowversion")
_PLAIN: Final[dict[str, DataType]] = {
    "bit": pa.bool_(),
    "tinyint": pa.uint8(),
    "smallint": pa.int16(),
    "int": pa.int32(),
    "bigint": pa.int64(),
    "money": pa.decimal128(19, 4),
    "smallmoney": pa.decimal128(10, 4),
    "real": pa.float32(),
    "float": pa.float64(),
    "date": pa.date32(),
    "time": pa.time64("ns"),
    "datetime": pa.timestamp("us"),
    "smalldatetime": pa.timestamp("us"),
    **dict.fromkeys(("uniqueidentifier", "char", "varchar", "nchar", "nvarchar"), pa.large_string()),
    **dict.fromkeys(_BINARY, pa.large_binary()),
}


class ColumnValueError(ExtractionError):
    """A value that its column's parquet type cannot hold."""


@dataclass(frozen=True, slots=True)
class ColumnPlan:
    """How one column of a table comes over."""

    name: str
    expressions: tuple[str, ...]
    """What to select for it."""
    fields: tuple[Field, ...]
    """pyarrow fields in the parquet file; the first has the column's name."""
    convert: Callable[[Sequence[Array]], Sequence[Array]]
    """From what was selected to the fields' arrays."""


def plan_column(table: Table, column: Column, *, as_text: bool = False) -> ColumnPlan:
    """How a column comes over.

    Args:
        table: the column's, for the errors.
        column: which.
        as_text: whether the column is declared as text.

    Raises:
        ExtractionError: the type is not mapped.
    """
    if as_text and column.data_type in _TIMES:
        return _plain(column, pa.large_string(), f"CONVERT(varchar(40), {column.quoted}, 121)")
    if as_text and column.data_type in _BINARY:
        field = pa.field(column.name, pa.large_string())
        return ColumnPlan(column.name, (column.quoted,), (field,), lambda arrays: [_as_digits(arrays[0])])
    if (kind := _driver_type(column)) is not None:
        return _plain(column, kind, column.quoted)
    if column.data_type in _FINER:
        return _FINER[column.data_type](table, column)
    raise ExtractionError(
        f"column {column.name!r} of table {table} has the type {column.declaration}, which is not mapped "
        "to parquet; leave it out with a view, or cast it there"
    )


def _driver_type(column: Column) -> DataType | None:
    """The type that the driver gives the column in, None if it does not give all of the value."""
    if column.data_type in {"decimal", "numeric"}:
        return pa.decimal128(column.precision, column.scale)
    if column.data_type == "datetime2" and (column.scale or 0) <= DRIVER_DIGITS:
        return pa.timestamp("us")
    return _PLAIN.get(column.data_type)


def _plain(column: Column, kind: DataType, expression: str) -> ColumnPlan:
    field = pa.field(column.name, kind)
    return ColumnPlan(column.name, (expression,), (field,), lambda arrays: [arrays[0].cast(kind)])


def _as_digits(array: Array) -> Array:
    values: Sequence[bytes | None] = array.to_pylist()
    return pa.array([None if value is None else f"0x{value.hex()}" for value in values], pa.large_string())


def _fraction(column: Column) -> str:
    return f"DATEPART(nanosecond, {column.quoted}) % 1000"


def _nanoseconds(table: Table, column: Column) -> ColumnPlan:
    def convert(arrays: Sequence[Array]) -> Sequence[Array]:
        microseconds, fraction = arrays
        return [_finer(table, column, microseconds, fraction, NANOSECONDS)]

    return ColumnPlan(column.name, (column.quoted, _fraction(column)), (pa.field(column.name, NANOSECONDS),), convert)


def _with_offset(table: Table, column: Column) -> ColumnPlan:
    offset = pa.field(f"_{column.name}_offset_minutes", pa.int16())

    def convert(arrays: Sequence[Array]) -> Sequence[Array]:
        microseconds, fraction, minutes = arrays
        return [_finer(table, column, microseconds, fraction, NANOSECONDS_UTC), minutes.cast(offset.type)]

    return ColumnPlan(
        column.name,
        (column.quoted, _fraction(column), f"DATEPART(tzoffset, {column.quoted})"),
        (pa.field(column.name, NANOSECONDS_UTC), offset),
        convert,
    )


def _finer(table: Table, column: Column, microseconds: Array, fraction: Array, kind: DataType) -> Array:
    """Microseconds and the nanoseconds below them as nanoseconds."""
    try:
        whole = microseconds.cast(pa.timestamp("us", kind.tz)).cast(kind)
    except pa.ArrowInvalid:
        raise ColumnValueError(_outside(table, column, microseconds)) from None
    return compute.add(whole.cast(pa.int64()), fraction.cast(pa.int64())).cast(kind)


def _outside(table: Table, column: Column, microseconds: Array) -> str:
    limits = compute.abs(microseconds.cast(pa.int64()))
    # pyarrow's own limit of a timestamp in ns, in µs.
    value = microseconds.filter(compute.greater(limits, 2**63 // 1000 - 1))[0]
    return (
        f"column {column.name!r} of table {table}, type {column.declaration}, holds {value}, which is "
        "outside of 1677-09-21 to 2262-04-11, the range of nanoseconds; declare the column as dy.String() "
        "to extract it as text"
    )


_FINER: Final[Mapping[str, Callable[[Table, Column], ColumnPlan]]] = {
    "datetime2": _nanoseconds,
    "datetimeoffset": _with_offset,
}
