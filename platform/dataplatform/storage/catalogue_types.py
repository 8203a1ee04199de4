"""Maps the column types of polars to those of Glue: docs.aws.amazon.com/athena/latest/ug/data-types.html."""

from collections.abc import Mapping
from typing import Final

import polars as pl
import pulumi
import pulumi_aws as aws

from processing.declaring.dataset import ColumnClass

# Unsigned types map to the next larger signed type, which can hold all their values.
_GLUE: Final[Mapping[pl.DataType, str]] = {
    pl.Int8(): "tinyint",
    pl.Int16(): "smallint",
    pl.Int32(): "int",
    pl.Int64(): "bigint",
    pl.UInt8(): "smallint",
    pl.UInt16(): "int",
    pl.UInt32(): "bigint",
    pl.Float32(): "float",
    pl.Float64(): "double",
    pl.Boolean(): "boolean",
    pl.String(): "string",
    pl.Binary(): "binary",
    pl.Date(): "date",
}
CLASS: Final = "class"
"""Parameter of a Glue column with the class that its dataset declares."""


def glue_columns(
    schema: pl.Schema, classes: Mapping[str, ColumnClass]
) -> list[aws.glue.CatalogTableStorageDescriptorColumnArgs]:
    """Return a table's columns for Glue. A column's class is its comment (for Athena) and a parameter (for tools).

    Raises:
        pulumi.RunError: Glue has no counterpart for a column's type.
    """
    return [
        aws.glue.CatalogTableStorageDescriptorColumnArgs(
            name=name,
            type=glue_type(name, kind),
            comment=classes.get(name),
            parameters={CLASS: classes[name]} if name in classes else None,
        )
        for name, kind in schema.items()
    ]


def glue_type(column: str, kind: pl.DataType) -> str:
    """Return a type's name in Glue tables, which follows Hive.

    Raises:
        pulumi.RunError: Glue has no counterpart for the type.
    """
    if isinstance(kind, pl.Decimal):
        return f"decimal({kind.precision},{kind.scale})"
    if isinstance(kind, pl.Datetime):
        return "timestamp"
    if isinstance(kind, pl.List):
        return f"array<{glue_type(column, _inner(kind))}>"
    if kind not in _GLUE:
        raise pulumi.RunError(
            f"column {column} has the type {kind}, which Athena does not have; declare one of "
            f"{', '.join(str(known) for known in _GLUE)}, Decimal, Datetime or a list of these"
        )
    return _GLUE[kind]


def _inner(kind: pl.List) -> pl.DataType:
    inner = kind.inner
    return inner if isinstance(inner, pl.DataType) else inner()
