"""The types that published tables store, and the stored type of each declared column.

It does not need pyiceberg, so a declaration can be checked wherever it is read.
"""

from collections.abc import Iterator, Mapping
from typing import Final

import polars as pl

from processing.errors import ProcessingError

PLAIN: Final = (
    pl.Int32(),
    pl.Int64(),
    pl.Float32(),
    pl.Float64(),
    pl.Boolean(),
    pl.String(),
    pl.Binary(),
    pl.Date(),
)
"""Types that are stored unchanged, beside Decimal, Datetime and lists."""
_STORED: Final[Mapping[pl.DataType, pl.DataType]] = {
    pl.Int8(): pl.Int32(),
    pl.Int16(): pl.Int32(),
    pl.UInt8(): pl.Int32(),
    pl.UInt16(): pl.Int32(),
    pl.UInt32(): pl.Int64(),
}
"""Types that Iceberg lacks, each with the next larger type."""


class UnpublishableColumnError(ProcessingError):
    """A published table cannot hold a column's type, or cannot follow its change; the message names the column."""


def rest_column(column: str) -> str:
    """Return the name of the column for the nanoseconds, 0 to 999, that a column of microseconds omits."""
    return f"_{column}_ns"


def stored_columns(columns: Mapping[str, pl.DataType]) -> pl.Schema:
    """Return the stored columns.

    Raises:
        UnpublishableColumnError: a column's type has no counterpart.
    """
    return pl.Schema({name: kind for column, declared in columns.items() for name, kind in _stored(column, declared)})


def is_nanoseconds(kind: pl.DataType) -> bool:
    """Return true if values of a type may have nanoseconds, which a table of format 2 cannot hold."""
    return isinstance(kind, pl.Datetime) and kind.time_unit == "ns"


def _stored(column: str, kind: pl.DataType) -> Iterator[tuple[str, pl.DataType]]:
    yield column, stored_type(column, kind)
    if is_nanoseconds(kind):
        yield rest_column(column), pl.Int32()


def stored_type(column: str, kind: pl.DataType) -> pl.DataType:
    """Return a column's type in the table.

    Raises:
        UnpublishableColumnError: a table cannot hold the type.
    """
    if isinstance(kind, pl.Datetime):
        return pl.Datetime("us", "UTC" if kind.time_zone else None)
    if isinstance(kind, pl.List):
        inner = inner_type(kind)
        if not is_nanoseconds(inner) and not isinstance(inner, pl.List):
            return pl.List(stored_type(column, inner))
    if isinstance(kind, pl.Decimal):
        return kind
    found = _STORED.get(kind, kind)
    if found not in PLAIN:
        raise UnpublishableColumnError(
            f"column {column} has the type {kind}, which a published table cannot store; declare one of "
            f"{', '.join(str(known) for known in (*PLAIN, *_STORED))}, Decimal, Datetime or a list of these (a "
            "list of Datetime without nanoseconds)"
        )
    return found


def inner_type(kind: pl.List) -> pl.DataType:
    """Return the type of a list's elements."""
    inner = kind.inner
    return inner if isinstance(inner, pl.DataType) else inner()
