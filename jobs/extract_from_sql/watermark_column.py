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
                f"{where} has the type {self.column.declaration}; declare a column of the type datetime2, "
                "datetime, smalldatetime, date, int or bigint"
            )
        if self.lag and kind in _WHOLE_NUMBERS:
            raise ExtractionError(
                f"{where} has the type {self.column.declaration}, to which a lag does not apply; leave the lag out"
            )
        if self.lag and self.lag % _UNITS[kind][1]:
            raise ExtractionError(
                f"{where} is a {self.column.declaration}, so its lag has to be whole {_UNITS[kind][0]}s"
            )

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

    def range_after(self, connection: pyodbc.Connection, watermark: str | None, *, accept_empty: bool = False) -> Range:
        """The range that follows a watermark: from the lag before it to the greatest value up to the server's clock.

        Args:
            connection: to the server.
            watermark: where the last range ended; None takes the whole table.
            accept_empty: whether a table without rows is a table that was emptied on purpose. It leaves no watermark.

        Raises:
            ExtractionError: the table has nothing left where the last range ended, or that is ahead of the clock.
        """
        now = self._clock(connection)
        if watermark is None:
            # A range without an end would take rows that are ahead of the clock.
            return Range(None, self._greatest(connection, ("<=", now)) or (now if self._greatest(connection) else None))
        self._refuse_watermark_ahead(connection, watermark)
        start = self.start_of_lag(connection, watermark)
        if self._greatest(connection, (">=", start)) is None:
            greatest = self._greatest(connection)
            if greatest is None and accept_empty:
                return Range(None, None)
            raise ExtractionError(self._fallen(greatest, watermark))
        upper = self._greatest(connection, (">=", watermark), ("<=", now))
        # Without a row at the watermark, as after deletions, it stays where it is.
        return Range(start, upper or watermark)

    def refuse_rows_ahead(self, connection: pyodbc.Connection) -> None:
        """Report rows that are more than a day ahead of the server's clock, which no range takes.

        Raises:
            ExtractionError: there are some.
        """
        limit = self._clock(connection, ahead_days=1)
        if limit is None:
            return
        count, greatest = connection.execute(
            f"SELECT COUNT_BIG(*), {self.as_text(f'MAX({self.column.quoted})')} FROM {self.table.quoted}"  # noqa: S608 - names of the catalogue, quoted
            f" WHERE {self.column.quoted} > {self.from_text}",
            limit,
        ).fetchall()[0]
        if count:
            raise ExtractionError(
                f"{count:,} rows of table {self.table} have a {self.column.name!r} more than a day ahead of the "
                f"server's clock, up to {greatest}, and were left out; all other rows were extracted; correct them "
                "at the source, and if a corrected value is older than the last extraction, extract it with --from"
            )

    def normalised(self, connection: pyodbc.Connection, text: str) -> str:
        """A person's text of a value as the server writes it.

        Raises:
            ExtractionError: it is no value of the column's type.
        """
        try:
            return connection.execute(f"SELECT {self.as_text(self.from_text)}", text).fetchval()
        except pyodbc.Error as error:
            raise ExtractionError(
                f"{text!r} is not a {self.column.declaration}, the type of {self.column.name!r}: {error.args[-1]}"
            ) from error

    def start_of_lag(self, connection: pyodbc.Connection, watermark: str) -> str:
        """The value from which on the range that follows a watermark begins."""
        if not self.lag:
            return watermark
        name, unit = _UNITS[self.column.data_type]
        shifted = f"DATEADD({name}, {-(self.lag // unit)}, {self.from_text})"
        return connection.execute(f"SELECT {self.as_text(shifted)}", watermark).fetchval()

    def _clock(self, connection: pyodbc.Connection, ahead_days: int = 0) -> str | None:
        """The server's time as a value of the column's type; None of a whole number.

        The later one of its local time and UTC: nobody says which of them the column holds.
        """
        if self.column.data_type in _WHOLE_NUMBERS:
            return None
        local, utc = (f"CAST({each}() AS datetime2(7))" for each in ("SYSDATETIME", "SYSUTCDATETIME"))
        now = f"CASE WHEN {local} > {utc} THEN {local} ELSE {utc} END"
        value = f"CAST(DATEADD(day, {ahead_days}, {now}) AS {self.column.declaration})"
        return connection.execute(f"SELECT {self.as_text(value)}").fetchval()

    def _greatest(self, connection: pyodbc.Connection, *bounds: tuple[str, str | None]) -> str | None:
        """The greatest value within bounds, such as (">=", text); None means unbounded."""
        given = [(sign, text) for sign, text in bounds if text is not None]
        where = " AND ".join(f"{self.column.quoted} {sign} {self.from_text}" for sign, _ in given)
        return connection.execute(
            f"SELECT {self.as_text(f'MAX({self.column.quoted})')} FROM {self.table.quoted}"  # noqa: S608 - names of the catalogue, quoted
            + (f" WHERE {where}" if where else ""),
            *(text for _, text in given),
        ).fetchval()

    def _refuse_watermark_ahead(self, connection: pyodbc.Connection, watermark: str) -> None:
        limit = self._clock(connection, ahead_days=1)
        if limit is None:
            return
        later = f"SELECT CASE WHEN {self.from_text} > {self.from_text} THEN 1 ELSE 0 END"
        if connection.execute(later, watermark, limit).fetchval():
            raise ExtractionError(
                f"the last extraction of table {self.table} ended at {self.column.name!r} {watermark}, more than a "
                "day ahead of the server's clock, so no later row would be extracted; correct this row at the "
                "source, then run the extraction once with --whole-table"
            )

    def _fallen(self, greatest: str | None, watermark: str) -> str:
        name = self.column.name
        if greatest is None:
            return (
                f"table {self.table} no longer has a row with a {name!r}, but the last extraction ended at "
                f"{watermark}; if it is being loaded, wait for the next run; if it was emptied on purpose, run the "
                "extraction once with --accept-empty"
            )
        return (
            f"the greatest {name!r} of table {self.table} is {greatest}, but the last extraction ended at "
            f"{watermark}, so the table started over, was restored from a backup, or lost its latest rows; if "
            "only rows were deleted, wait for the next row; otherwise run the extraction once with "
            "--whole-table"
        )

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
