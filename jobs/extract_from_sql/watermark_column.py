"""A watermark column: its values as the server's own text, taken apart nowhere but on the server."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import pyodbc

from jobs.datasets.declaration import SqlSource
from jobs.extract_from_sql.catalogue import Column, Table
from jobs.extract_from_sql.errors import ExtractionError
from lake.watermark_items import Range

_DAY: Final = timedelta(days=1)
_WHOLE_NUMBERS: Final = {"int", "bigint"}
_TIMES: Final = {"datetime", "smalldatetime", "datetime2"}
_ROW_VERSIONS: Final = {"timestamp", "rowversion"}


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
        if kind not in {*_WHOLE_NUMBERS, *_TIMES, *_ROW_VERSIONS, "date"}:
            raise ExtractionError(
                f"{where} is of type {self.column.declaration}; a watermark is datetime, datetime2, date, int, bigint "
                "or rowversion"
            )
        if self.lag and kind in _WHOLE_NUMBERS | _ROW_VERSIONS:
            raise ExtractionError(f"{where} is of type {self.column.declaration}, which no time can be taken from")
        unit = _DAY if kind == "date" else timedelta(seconds=1)
        if self.lag % unit:
            raise ExtractionError(f"{where} is a {self.column.declaration}: its lag has to be whole {_unit_name(unit)}")

    def as_text(self, expression: str) -> str:
        """SQL that gives the server's text of a value of the column's type."""
        if self.column.data_type in _ROW_VERSIONS:
            return f"CONVERT(varchar(18), CAST({expression} AS binary(8)), 1)"
        style = "" if self.column.data_type in _WHOLE_NUMBERS else ", 121"
        return f"CONVERT(varchar(40), {expression}{style})"

    @property
    def from_text(self) -> str:
        """SQL that gives the value of a text that stands as a parameter."""
        if self.column.data_type in _ROW_VERSIONS:
            return "CONVERT(binary(8), ?, 1)"
        if self.column.data_type in _TIMES - {"datetime2"}:
            # These read a plain cast by the session's language.
            return f"CONVERT({self.column.declaration}, ?, 121)"
        return f"CAST(? AS {self.column.declaration})"

    def range_after(self, connection: pyodbc.Connection, watermark: str | None) -> Range:
        """The range that follows a watermark: from the lag before it to the greatest value that stands now."""
        condition = [f"{self.column.quoted} >= {self.from_text}"] if watermark is not None else []
        if self.column.data_type in _ROW_VERSIONS:
            # Row versions are given out before their transactions commit; all below this one have.
            condition.append(f"{self.column.quoted} < MIN_ACTIVE_ROWVERSION()")
        where = f" WHERE {' AND '.join(condition)}" if condition else ""
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
        is_date = self.column.data_type == "date"
        unit, amount = ("day", self.lag // _DAY) if is_date else ("second", int(self.lag.total_seconds()))
        shifted = f"DATEADD({unit}, {-amount}, {self.from_text})"
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


def _unit_name(unit: timedelta) -> str:
    return "days" if unit == _DAY else "seconds"
