"""The one statement that reads a range of a table's rows. Names come from the catalogue, values are parameters."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pyodbc

from jobs.extract_from_sql.catalogue import Column, Table
from jobs.extract_from_sql.errors import ExtractionError
from jobs.extract_from_sql.types import ColumnPlan
from jobs.extract_from_sql.watermark_column import WatermarkColumn
from lake.watermark.items import Range


@dataclass(frozen=True, slots=True)
class Condition:
    """A WHERE clause without the word; empty text for all rows."""

    text: str = ""
    parameters: tuple[str | int, ...] = ()

    def and_(self, other: "Condition") -> "Condition":
        """Both."""
        texts = [condition.text for condition in (self, other) if condition.text]
        return Condition(" AND ".join(f"({text})" for text in texts), self.parameters + other.parameters)

    @property
    def clause(self) -> str:
        """The text with its keyword."""
        return f" WHERE {self.text}" if self.text else ""


@dataclass(frozen=True, slots=True)
class Query:
    """A statement and its parameters."""

    text: str
    parameters: tuple[str | int, ...]


def rows_in(
    watermark: WatermarkColumn, wanted: Range, nulls: Literal["always", "never", "refuse"], *, is_backfill: bool
) -> Condition:
    """The rows of a range, both ends included, and those without a watermark if the rule says so."""
    column = watermark.column.quoted
    bounds = [(">=", wanted.lower), ("<=", wanted.upper)]
    given = [(sign, text) for sign, text in bounds if text is not None]
    text = " AND ".join(f"{column} {sign} {watermark.from_text}" for sign, _ in given) or f"{column} IS NOT NULL"
    if nulls == "always" and not is_backfill:
        text = f"{text} OR {column} IS NULL"
    return Condition(text, tuple(text for _, text in given))


def read_rows(table: Table, plans: Sequence[ColumnPlan], condition: Condition) -> Query:
    """The statement that reads the rows of a condition."""
    expressions = ", ".join(expression for plan in plans for expression in plan.expressions)
    return Query(
        f"SELECT {expressions} FROM {table.quoted}{condition.clause}",  # noqa: S608 - names of the catalogue, quoted
        condition.parameters,
    )


def key_ranges(
    connection: pyodbc.Connection, table: Table, column: Column, partitions: int, condition: Condition
) -> list[Condition]:
    """A condition divided into several by ranges of a whole number column, one more for rows without that number.

    Raises:
        ExtractionError: the column does not hold whole numbers.
    """
    if column.data_type not in {"tinyint", "smallint", "int", "bigint"}:
        raise ExtractionError(
            f"partition column {column.name!r} of table {table} has the type {column.declaration}, but ranges "
            "need whole numbers; declare another column"
        )
    low, high = _only_row(
        connection.execute(
            f"SELECT MIN({column.quoted}), MAX({column.quoted}) FROM {table.quoted}{condition.clause}",  # noqa: S608 - names of the catalogue, quoted
            *condition.parameters,
        )
    )
    if low is None or high - low < partitions:
        return [condition]
    starts = [low + (high - low + 1) * number // partitions for number in range(1, partitions)]
    # Open at both ends: a row that came meanwhile belongs to a range as well.
    first = Condition(f"{column.quoted} < ?", (starts[0],))
    between = [Condition(f"{column.quoted} >= ? AND {column.quoted} < ?", pair) for pair in itertools.pairwise(starts)]
    last = Condition(f"{column.quoted} >= ?", (starts[-1],))
    missing = [Condition(f"{column.quoted} IS NULL")] if column.is_nullable else []
    return [condition.and_(part) for part in (first, *between, last, *missing)]


def _only_row(cursor: pyodbc.Cursor) -> pyodbc.Row:
    (row,) = cursor.fetchall()
    return row
