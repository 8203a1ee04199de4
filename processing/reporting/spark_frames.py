"""Provides the inputs of a report as PySpark data frames, with the values that polars reads."""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Final

import polars as pl

from processing.declaring.dataset import Dataset
from processing.publishing.stored_types import inner_type
from processing.storage.columns import published_columns

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession
    from pyspark.sql.types import DataType

_COUNTERPARTS: Final[Mapping[pl.DataType, str]] = {
    pl.Int8(): "ByteType",
    pl.Int16(): "ShortType",
    pl.Int32(): "IntegerType",
    pl.Int64(): "LongType",
    pl.Float32(): "FloatType",
    pl.Float64(): "DoubleType",
    pl.Boolean(): "BooleanType",
    pl.String(): "StringType",
    pl.Binary(): "BinaryType",
    pl.Date(): "DateType",
    pl.Datetime("us"): "TimestampNTZType",
    pl.Datetime("us", "UTC"): "TimestampType",
}
"""Names of Spark's types with the same values and the same results of the same expressions."""


def has_counterpart(kind: pl.DataType) -> bool:
    """Return true if Spark has the type. It has no unsigned integers, no nanoseconds, and no zone but UTC."""
    if isinstance(kind, pl.List):
        return has_counterpart(inner_type(kind))
    return isinstance(kind, pl.Decimal) or kind in _COUNTERPARTS


def published_frame(session: "SparkSession", relation: str, snapshot: int, dataset: Dataset) -> "DataFrame":
    """Return a dataset's published rows of one snapshot, with the columns and values of `published_rows`.

    A column whose type Spark lacks becomes a text column without values: a query may drop it, but not read it.

    Args:
        session: spark.
        relation: name of the table in one of the session's catalogues, or address of the table's metadata file.
        snapshot: id of the snapshot.
        dataset: the table's dataset.
    """
    rows = session.read.format("iceberg").option("snapshot-id", str(snapshot)).load(relation)
    columns = published_columns(dataset)
    return rows.select(*(_published(name, kind, rows.columns, dataset) for name, kind in columns.items()))


def local_frame(session: "SparkSession", rows: pl.DataFrame) -> "DataFrame":
    """Return rows of this process on Spark: those of another report, or no rows of a dataset without a table."""
    from pyspark.sql.types import StringType, StructField, StructType  # noqa: PLC0415

    known = {name: has_counterpart(kind) for name, kind in rows.schema.items()}
    fields = [
        StructField(name, _spark_type(kind) if known[name] else StringType()) for name, kind in rows.schema.items()
    ]
    values = rows.with_columns(pl.lit(None).alias(name) for name, is_known in known.items() if not is_known)
    return session.createDataFrame(values.rows(), StructType(fields), verifySchema=False)


def _published(name: str, kind: pl.DataType, stored: Iterable[str], dataset: Dataset) -> "Column":
    from pyspark.sql import functions  # noqa: PLC0415

    if not has_counterpart(kind):
        return functions.lit(None).cast("string").alias(name)
    value = functions.col(f"`{name.replace('`', '``')}`") if name in stored else functions.lit(None)
    value = value.cast(_spark_type(kind))
    if kind == pl.String() and name in dataset.absent:
        value = functions.coalesce(value, functions.lit(dataset.absent[name]))
    return value.alias(name)


def _spark_type(kind: pl.DataType) -> "DataType":
    from pyspark.sql import types  # noqa: PLC0415

    if isinstance(kind, pl.List):
        return types.ArrayType(_spark_type(inner_type(kind)))
    if isinstance(kind, pl.Decimal):
        return types.DecimalType(kind.precision or 38, kind.scale)
    named: Callable[[], DataType] = getattr(types, _COUNTERPARTS[kind])
    return named()
