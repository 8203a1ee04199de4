"""Compares a table and its columns with the declaration and with the last extraction."""

import json
from collections.abc import Mapping, Sequence
from typing import Final

import polars as pl

from jobs.extract_from_sql.catalogue import Column, Table
from jobs.extract_from_sql.errors import ExtractionError
from jobs.extract_from_sql.types import ColumnPlan
from processing.declaring.dataset import Dataset, SqlSource
from processing.readers.records import DELETED

_WHOLE_NUMBERS: Final = ("bit", "tinyint", "smallint", "int", "bigint")
_FLOATS: Final = ("real", "float")
_DECIMALS: Final = {"decimal", "numeric"}
_TEXTS: Final = {"char", "varchar", "nchar", "nvarchar"}
_TIMES: Final = {"datetime", "smalldatetime", "datetime2"}


def check_declaration(table: Table, dataset: Dataset) -> None:
    """Refuse a table that lacks declared columns, or whose types cannot become the declared ones.

    Raises:
        ExtractionError: a column is missing or its type does not fit.
    """
    for name, declared in dataset.schema.columns().items():
        column = table.column(name)
        if not _fits(column, declared.dtype):
            raise ExtractionError(
                f"column {name!r} of table {table} has the type {column.declaration}, but "
                f"datasets/{dataset.name}.py declares {declared.dtype}; change the declaration, or change the "
                "column back"
            )


def new_columns(table: Table, before: str | None) -> list[str]:
    """Return the columns added since an extraction. They are extracted too.

    Args:
        table: the table now.
        before: its columns at that extraction, from `described`. None: it was never extracted.

    Raises:
        ExtractionError: a column is missing, narrowed or retyped since then.
    """
    if before is None:
        return []
    known: Mapping[str, Mapping[str, object]] = json.loads(before)
    now = {column.name: column for column in table.columns}
    advice = "if this is intended, run the extraction once with --accept-columns"
    for name, description in known.items():
        was = Column(name=name, **description)  # pyright: ignore[reportArgumentType] - as `described` wrote them
        if name not in now:
            raise ExtractionError(
                f"column {name!r} of table {table}, which was {was.declaration}, no longer exists; {advice}"
            )
        if not _is_widened(was, now[name]):
            raise ExtractionError(
                f"column {name!r} of table {table} was narrowed or retyped from {was.declaration} to "
                f"{now[name].declaration}; {advice}"
            )
    return [name for name in now if name not in known]


def refuse_reserved_names(table: Table, plans: Sequence[ColumnPlan]) -> None:
    """Refuse columns whose names the extraction uses for its own columns.

    Raises:
        ExtractionError: there is such a column.
    """
    written = {DELETED, *(field.name for plan in plans for field in plan.fields[1:])}
    if reserved := [column.name for column in table.columns if column.name in written]:
        raise ExtractionError(
            f"columns {reserved} of table {table} have the names of columns that the extraction adds; rename "
            "them, or extract a view with other names"
        )


def refuse_changed_source(dataset: str, source: SqlSource, before: str | None) -> None:
    """Refuse to continue from the watermark of another table, column or mode.

    Args:
        dataset: name of the dataset.
        source: the present declaration.
        before: the declaration at the last extraction, from `described_source`. None: it was never extracted.

    Raises:
        ExtractionError: the declaration changed.
    """
    now = described_source(source)
    if before is None or before == now:
        return
    was, declared = json.loads(before), json.loads(now)
    changes = [
        f"{name} from {was.get(name)!r} to {value!r}" for name, value in declared.items() if was.get(name) != value
    ]
    raise ExtractionError(
        f"the source in datasets/{dataset}.py has changed since the last extraction: {', '.join(changes)}; "
        "run the extraction once with --whole-table, or change the declaration back"
    )


def described_source(source: SqlSource) -> str:
    """Return what a declaration extracts, in the ledger's form."""
    table = f"{source.schema}.{source.table}"
    declared = {"database": source.connection, "table": table, "mode": source.mode, "watermark": source.watermark}
    return json.dumps(declared, ensure_ascii=False)


def described(table: Table) -> str:
    """Return a table's columns in the ledger's form."""
    return json.dumps(
        {
            column.name: {
                "data_type": column.data_type,
                "length": column.length,
                "precision": column.precision,
                "scale": column.scale,
                "is_nullable": column.is_nullable,
            }
            for column in table.columns
        },
        ensure_ascii=False,
    )


def _fits(column: Column, declared: pl.DataType) -> bool:
    kind = column.data_type
    if declared == pl.String:
        return True
    if declared.is_integer():
        return kind in _WHOLE_NUMBERS or (kind in _DECIMALS and column.scale == 0)
    if declared == pl.Date:
        return kind == "date"
    return kind in _TIMES


def _is_widened(was: Column, now: Column) -> bool:
    """Return true if every value of the old type is the same in the new type."""
    if was.data_type in _DECIMALS and now.data_type in _DECIMALS:
        scale, digits = _number(now.scale) - _number(was.scale), _number(now.precision) - _number(was.precision)
        return scale >= 0 and digits >= scale
    for family in (_WHOLE_NUMBERS, _FLOATS):
        if was.data_type in family and now.data_type in family:
            return family.index(now.data_type) >= family.index(was.data_type)
    if was.data_type in _TEXTS and now.data_type in _TEXTS:
        loses_characters = was.data_type.startswith("n") and not now.data_type.startswith("n")
        return not loses_characters and _room(now) >= _room(was)
    if was.data_type != now.data_type:
        return False
    return _room(now) >= _room(was) and _number(now.scale) >= _number(was.scale)


def _number(value: int | None) -> int:
    return value or 0


def _room(column: Column) -> float:
    return float("inf") if column.length == -1 else _number(column.length)
