"""A watermark column: its values as the server's own text, taken apart nowhere but on the server."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import pyodbc

from jobs.extract_from_sql.catalogue import Column, Table
from jobs.extract_from_sql.errors import ExtractionError
from lake.watermark.items import Range
from processing.declaring.dataset import SqlSource

_SECOND: Final = timedelta(seconds=1)
_WHOLE_NUMBERS: Final = {"int", "bigint"}
# The smallest lag of each: what it ticks in, or a second.
_UNITS: Final = {
    "date": ("day", timedelta(days=1)),
    "smalldatetime": ("minute", timedelta(minutes=1)),
    "datetime": ("second", _SECOND),
    "datetime2": ("second", _SECOND),
}


@dataclass(frozen=True, slots=True)
class WatermarkColumn:
    """The column by which a table grows."""

    table: Table
    column: Column
    lag: timedelta

    def __post_init__(self) -> None:
        """Refuse a type that cannot be a watermark, and a lag that the type cannot go back by.

        Raises:
            ExtractionError: see above.
        """
        kind, where = self.column.data_type, f"watermark {self.column.name!r} of table {self.table}"
        if kind not in _WHOLE_NUMBERS | _UNITS.keys():
            # Row versions are given out before their transactions commit, so the greatest is no end of a range.
            raise ExtractionError(
                f"{where} is of type {self.column.declaration}; a watermark is datetime2, datetime, smalldatetime, "
                "date, int or bigint"
            )
        if self.lag and kind in _WHOLE_NUMBERS:
            raise ExtractionError(f"{where} is of type {self.column.declaration}, which no time can be taken from")
        if self.lag and self.lag % _UNITS[kind][1]:
            raise ExtractionError(f"{where} is a {self.column.declaration}: its lag has to be whole {_UNITS[kind][0]}s")

    def as_text(self, expression: str) -> str:
        """SQL that gives the server's text of a value of the column's type."""
        style = "" if self.column.data_type in _WHOLE_NUMBERS else ", 121"
        return f"CONVERT(varchar(40), {expression}{style})"

    @property
    def from_text(self) -> str:
        """SQL that gives the value of a text that stands as a parameter."""
        if self.column.data_type in {"datetime", "smalldatetime"}:
            # These read a plain cast by the session's language.
            return f"CONVERT({self.column.declaration}, ?, 121)"
        return f"CAST(? AS {self.column.declaration})"

    def range_after(self, connection: pyodbc.Connection, watermark: str | None) -> Range:
        """The range that follows a watermark: from the lag before it to the greatest value that stands now."""
        where = "" if watermark is None else f" WHERE {self.column.quoted} >= {self.from_text}"
        upper: str | None = connection.execute(
            f"SELECT {self.as_text(f'MAX({self.column.quoted})')} FROM {self.table.quoted}{where}",  # noqa: S608 - names of the catalogue, quoted
            *([] if watermark is None else [watermark]),
        ).fetchval()
        if watermark is None:
            return Range(None, upper)
        # Without a row at the watermark, as after deletions, it stays where it is.
        return Range(self.start_of_lag(connection, watermark), upper or watermark)

    def normalised(self, connection: pyodbc.Connection, text: str) -> str:
        """A person's text of a value as the server writes it.

        Raises:
            ExtractionError: it is no value of the column's type.
        """
        try:
            return connection.execute(f"SELECT {self.as_text(self.from_text)}", text).fetchval()
        except pyodbc.Error as error:
            raise ExtractionError(
                f"{text!r} is no {self.column.declaration}, the type of {self.column.name!r}: {error.args[-1]}"
            ) from error

    def start_of_lag(self, connection: pyodbc.Connection, watermark: str) -> str:
        """The value from which on the range that follows a watermark begins."""
        if not self.lag:
            return watermark
        name, unit = _UNITS[self.column.data_type]
        shifted = f"DATEADD({name}, {-(self.lag // unit)}, {self.from_text})"
        return connection.execute(f"SELECT {self.as_text(shifted)}", watermark).fetchval()

    def count_nulls(self, connection: pyodbc.Connection) -> int:
        """Rows without a watermark."""
        return connection.execute(
            f"SELECT COUNT_BIG(*) FROM {self.table.quoted} WHERE {self.column.quoted} IS NULL"  # noqa: S608 - names of the catalogue, quoted
        ).fetchval()


def watermark_of(table: Table, source: SqlSource) -> WatermarkColumn | None:
    """The table's watermark column, None if it has none.

    Raises:
        ExtractionError: the column is missing or cannot be a watermark.
    """
    if source.watermark is None:
        return None
    return WatermarkColumn(table, table.column(source.watermark), source.lag)
