"""A dataset's columns in its published tables: Iceberg's types, and replacements for types that Iceberg v2 lacks."""

from collections.abc import Iterator, Mapping
from typing import Final

import polars as pl
from pyiceberg.schema import Schema
from pyiceberg.types import (
    BinaryType,
    BooleanType,
    DateType,
    DecimalType,
    DoubleType,
    FloatType,
    IcebergType,
    IntegerType,
    ListType,
    LongType,
    NestedField,
    StringType,
    TimestampType,
    TimestamptzType,
)

from processing.publishing.stored_types import (
    UnpublishableColumnError,
    inner_type,
    is_nanoseconds,
    rest_column,
    stored_columns,
    stored_type,
)
from processing.storage.columns import published_columns

__all__ = [
    "UnpublishableColumnError",
    "declared",
    "iceberg_schema",
    "polars_columns",
    "published_columns",
    "rest_column",
    "stored",
    "stored_columns",
]

_ICEBERG: Final[Mapping[pl.DataType, IcebergType]] = {
    pl.Int32(): IntegerType(),
    pl.Int64(): LongType(),
    pl.Float32(): FloatType(),
    pl.Float64(): DoubleType(),
    pl.Boolean(): BooleanType(),
    pl.String(): StringType(),
    pl.Binary(): BinaryType(),
    pl.Date(): DateType(),
}
_WIDENED: Final = frozenset({(IntegerType(), LongType()), (FloatType(), DoubleType())})
_NO_COMMENTS: Final[Mapping[str, str]] = {}
_NANOSECONDS: Final = 1000
"""Nanoseconds in a microsecond."""


def stored(rows: pl.DataFrame, columns: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """Return rows in stored form."""
    return rows.select(expression for name, kind in columns.items() for expression in _stored_values(name, kind))


def declared(rows: pl.LazyFrame, columns: Mapping[str, pl.DataType]) -> pl.LazyFrame:
    """Return stored rows with the declared types, for some of the columns: the inverse of `stored`."""
    return rows.select(_declared_value(name, kind) for name, kind in columns.items())


def iceberg_schema(
    columns: Mapping[str, pl.DataType],
    current: Schema | None = None,
    last_id: int = 0,
    *,
    replace: bool = False,
    comments: Mapping[str, str] = _NO_COMMENTS,
) -> Schema:
    """Return the table's schema for stored columns.

    Args:
        columns: stored columns, in order.
        current: the table's schema. All its columns stay, including those no longer declared.
        last_id: the highest column id that the table has ever used.
        replace: true if a column may change to any type, because all rows are written again.
        comments: columns' comments by name, which Athena shows.

    Raises:
        UnpublishableColumnError: a column has changed to a type that is not wider.
    """
    fields = {field.name: field for field in current.fields} if current else {}
    ids = _Ids(last_id)
    for name, kind in columns.items():
        found = fields.get(name)
        same = found and _polars_type(found.field_type) == kind
        if found is None or (replace and not same):
            fields[name] = NestedField(ids.take(), name, _iceberg_type(kind, ids), required=False)
        elif (wanted := _widened(found, kind)) is not None:
            fields[name] = NestedField(found.field_id, name, wanted, required=False)
    commented = {name: fields[name].model_copy(update={"doc": comments.get(name)}) for name in columns}
    return Schema(*(fields | commented).values())


def polars_columns(schema: Schema) -> pl.Schema:
    """Return the stored columns of a table's schema."""
    return pl.Schema({field.name: _polars_type(field.field_type) for field in schema.fields})


class _Ids:
    """Yield column ids that were never used."""

    def __init__(self, last: int) -> None:
        self._last = last

    def take(self) -> int:
        self._last += 1
        return self._last


def _stored_values(column: str, kind: pl.DataType) -> Iterator[pl.Expr]:
    if not is_nanoseconds(kind):
        yield pl.col(column).cast(stored_type(column, kind))
        return
    # Rounded down, even before 1970, so the remainder is never negative.
    nanoseconds = pl.col(column).to_physical()
    microseconds = nanoseconds // _NANOSECONDS
    assert isinstance(kind, pl.Datetime)  # noqa: S101 - for the type checker
    instants = microseconds.cast(pl.Datetime("us"))
    yield (instants.dt.replace_time_zone("UTC") if kind.time_zone else instants).alias(column)
    yield (nanoseconds - microseconds * _NANOSECONDS).cast(pl.Int32).alias(rest_column(column))


def _declared_value(column: str, kind: pl.DataType) -> pl.Expr:
    value = pl.col(column)
    if is_nanoseconds(kind):
        value = value.cast(pl.Datetime("us")).to_physical() * _NANOSECONDS + pl.col(rest_column(column))
        instants = value.cast(pl.Datetime("ns"))
        assert isinstance(kind, pl.Datetime)  # noqa: S101 - for the type checker
        zone = kind.time_zone
        value = instants.dt.replace_time_zone("UTC").dt.convert_time_zone(zone) if zone else instants
    return value.cast(kind).alias(column)


def _iceberg_type(kind: pl.DataType, ids: _Ids) -> IcebergType:
    if isinstance(kind, pl.List):
        return ListType(ids.take(), _iceberg_type(inner_type(kind), ids), element_required=False)
    if isinstance(kind, pl.Decimal):
        return DecimalType(kind.precision or 38, kind.scale)
    if isinstance(kind, pl.Datetime):
        return TimestamptzType() if kind.time_zone else TimestampType()
    return _ICEBERG[kind]


def _polars_type(kind: IcebergType) -> pl.DataType:
    if isinstance(kind, ListType):
        return pl.List(_polars_type(kind.element_type))
    if isinstance(kind, DecimalType):
        return pl.Decimal(kind.precision, kind.scale)
    if isinstance(kind, TimestamptzType | TimestampType):
        return pl.Datetime("us", "UTC" if isinstance(kind, TimestamptzType) else None)
    return next(known for known, name in _ICEBERG.items() if name == kind)


def _widened(found: NestedField, kind: pl.DataType) -> IcebergType | None:
    """Return the column's new, wider type; None if the type stays or is already wider."""
    current, wanted = found.field_type, _iceberg_type(kind, _Ids(0))
    if _polars_type(current) == kind or (wanted, current) in _WIDENED:
        return None
    if (current, wanted) in _WIDENED or _has_more_digits(current, wanted):
        return wanted
    raise UnpublishableColumnError(
        f"column {found.name} is {current} in the table, and its declared type {wanted} is not wider; "
        "process the dataset's objects again, then rebuild its table"
    )


def _has_more_digits(current: IcebergType, wanted: IcebergType) -> bool:
    if not isinstance(current, DecimalType) or not isinstance(wanted, DecimalType):
        return False
    return current.scale == wanted.scale and current.precision < wanted.precision
