"""What the server's own catalogue says of a table. Names come from there; text that came from elsewhere never does."""

from collections.abc import Sequence
from dataclasses import dataclass

import pyodbc

from jobs.extract_from_sql.errors import ExtractionError


@dataclass(frozen=True, slots=True)
class Column:
    """A column as the catalogue has it."""

    name: str
    data_type: str
    """Such as "datetime2"; of a column of a user's own type, the type that it stands for."""
    length: int | None
    """Of text in characters, of binary in bytes; -1 is max."""
    precision: int | None
    """Of decimals; digits."""
    scale: int | None
    """Of decimals and of times; digits of the fraction."""
    is_nullable: bool

    @property
    def quoted(self) -> str:
        """The name as it stands in SQL."""
        return quoted(self.name)

    @property
    def declaration(self) -> str:
        """The type as one would declare it, such as "decimal(12,2)"."""
        if self.data_type in {"decimal", "numeric"}:
            return f"{self.data_type}({self.precision},{self.scale})"
        if self.data_type in {"datetime2", "datetimeoffset", "time"}:
            return f"{self.data_type}({self.scale})"
        if self.length is not None and self.data_type not in {"text", "ntext", "image", "xml", "sql_variant"}:
            return f"{self.data_type}({'max' if self.length == -1 else self.length})"
        return self.data_type


@dataclass(frozen=True, slots=True)
class Table:
    """A table and its columns, in the table's order."""

    schema: str
    name: str
    columns: tuple[Column, ...]

    @property
    def quoted(self) -> str:
        """The qualified name as it stands in SQL."""
        return f"{quoted(self.schema)}.{quoted(self.name)}"

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}"

    def column(self, name: str) -> Column:
        """The column of that very name.

        Raises:
            ExtractionError: the table has none.
        """
        for column in self.columns:
            if column.name == name:
                return column
        close = [column.name for column in self.columns if column.name.casefold() == name.casefold()]
        raise ExtractionError(
            f"table {self} does not have a column {name!r}; "
            + (
                f"it has {close[0]!r}, and names are compared exactly; correct the declaration"
                if close
                else f"correct the declaration; its columns are {_names(self.columns)}"
            )
        )


def quoted(name: str) -> str:
    """A name as SQL Server reads it, whatever characters it has."""
    return f"[{name.replace(']', ']]')}]"


def read_table(connection: pyodbc.Connection, schema: str, name: str) -> Table:
    """A table as the catalogue describes it.

    Raises:
        ExtractionError: there is no table of exactly this name, or the login may not see it.
    """
    rows = connection.execute(
        "SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, DATA_TYPE, CHARACTER_MAXIMUM_LENGTH, NUMERIC_PRECISION,"
        " NUMERIC_SCALE, DATETIME_PRECISION, IS_NULLABLE"
        " FROM INFORMATION_SCHEMA.COLUMNS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? ORDER BY ORDINAL_POSITION",
        schema,
        name,
    ).fetchall()
    # The server compares by its collation, which may take Person for person.
    exact = [row for row in rows if (schema, name) == (row.TABLE_SCHEMA, row.TABLE_NAME)]
    if not exact:
        near = {f"{row.TABLE_SCHEMA}.{row.TABLE_NAME}" for row in rows}
        raise ExtractionError(
            f"the table {schema}.{name} does not exist"
            + (
                f", but {min(near)} does, and names are compared exactly; correct the declaration"
                if near
                else ", or this login may not see it; correct the declaration, or grant the login SELECT on the table"
            )
        )
    return Table(schema, name, tuple(_column(row) for row in exact))


def _column(row: pyodbc.Row) -> Column:
    scale = row.DATETIME_PRECISION if row.DATETIME_PRECISION is not None else row.NUMERIC_SCALE
    return Column(
        name=row.COLUMN_NAME,
        data_type=row.DATA_TYPE.lower(),
        length=row.CHARACTER_MAXIMUM_LENGTH,
        precision=row.NUMERIC_PRECISION,
        scale=scale,
        is_nullable=row.IS_NULLABLE == "YES",
    )


def _names(columns: Sequence[Column]) -> str:
    return ", ".join(repr(column.name) for column in columns)
