"""Types of the jobs' columns as Glue names them: docs.aws.amazon.com/athena/latest/ug/data-types.html."""

from collections.abc import Mapping
from typing import Final

import polars as pl
import pulumi
import pulumi_aws as aws

from processing.declaring.dataset import ColumnClass

# Unsigned types are written as the next larger signed one can hold them.
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
"""Parameter of a Glue column: the class that its dataset declares."""


def glue_columns(
    schema: pl.Schema, classes: Mapping[str, ColumnClass]
) -> list[aws.glue.CatalogTableStorageDescriptorColumnArgs]:
    """A table's columns for Glue. The class of a column is its comment, which Athena shows, and a parameter, for tools.

    Raises:
        pulumi.RunError: a column's type has no counterpart.
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
    """The type as Glue's tables name it, after Hive.

    Raises:
        pulumi.RunError: it has no counterpart.
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
