"""Histories of one table between runs of its extraction, with a person who follows the advice of a stop."""
# ruff: noqa: S608 - the statements are a test's own

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import dataframely as dy
import polars as pl
import pyodbc

from jobs.extract_from_sql.errors import ExtractionError
from jobs.extract_from_sql.extraction import extract
from jobs.extract_from_sql.work import Lake, Options
from lake.ledger.ledger import LostClaimError
from lake.watermark.watermarks import Watermarks
from processing.declaring.dataset import Dataset, SqlSource
from processing.readers.parquet_records import as_text
from processing.readers.records import DELETED
from tests.support.sql import SqlServer, SqlStack, dataset

START = datetime(2021, 11, 22, 10)  # noqa: DTZ001 - these types have no zone


@dataclass(frozen=True)
class Kind:
    """How a table is extracted, and how watermarks of its type increase. The smallest step is a tick."""

    name: str
    type: str
    lag: timedelta
    ticks_of_lag: int
    text: Callable[[int], str]
    """Return the server's text of a number of ticks."""
    mode: str = "incremental"


def moment(ticks_a_second: int, digits: int) -> Callable[[int], str]:
    def text(ticks: int) -> str:
        seconds, rest = divmod(ticks, ticks_a_second)
        fraction = round(rest * 10**digits / ticks_a_second)
        return f"{START + timedelta(seconds=seconds):%Y-%m-%d %H:%M:%S}.{fraction:0{digits}}"

    return text


TWO_SECONDS = timedelta(seconds=2)
IN_100_NS = moment(10_000_000, 7)
KINDS = (
    Kind("datetime2", "datetime2(7)", TWO_SECONDS, 20_000_000, IN_100_NS),
    Kind("datetime2 without lag", "datetime2(7)", timedelta(0), 0, IN_100_NS),
    Kind("datetime", "datetime", TWO_SECONDS, 600, moment(300, 3)),
    Kind("date", "date", timedelta(days=2), 2, lambda ticks: f"{START + timedelta(days=ticks):%Y-%m-%d}"),
    Kind("int", "int", timedelta(0), 0, str),
    Kind("snapshot", "datetime2(7)", timedelta(0), 0, IN_100_NS, mode="snapshot"),
)


class Rows(dy.Schema):
    id = dy.Int64(primary_key=True)


class DiedError(Exception):
    """Ends a run at a chosen point."""


@dataclass
class Objects:
    """The lake as the extraction writes it. An object that is processed at once is never processed again."""

    before_put: Callable[[], None]
    folder: Path
    arrived: list[str] = field(default_factory=list[str])
    live: int = 0
    """Return the live rows of the last object."""

    def put(self, key: str, file: Path, _about: object) -> bool:
        self.before_put()
        if key in self.arrived:
            return False
        self.arrived.append(key)
        shutil.copyfile(file, self._path(key))
        rows = pl.read_parquet(file)
        self.live = rows.height if DELETED not in rows.columns else (~rows[DELETED]).sum()
        return True

    def download(self, key: str, file: Path) -> None:
        shutil.copyfile(self._path(key), file)

    def latest(self, characters: int) -> dict[int, tuple[str, str | None]]:
        """Return the rows of a published view; the watermark is the server's text with so many characters."""
        view: dict[int, tuple[str, str | None]] = {}
        for key in self.arrived:
            rows = pl.read_parquet(self._path(key))
            for row in rows.with_columns(as_text("at", rows.schema["at"]).str.head(characters)).rows(named=True):
                if row.get(DELETED, False):
                    view.pop(row["id"], None)
                else:
                    view[row["id"]] = (row["note"], row["at"])
        return view

    def _path(self, key: str) -> Path:
        return self.folder / key.replace("/", "_")


class DyingWatermarks(Watermarks):
    """A ledger whose run dies before it can complete."""

    def complete(self, *_arguments: object, **_more: object) -> None:
        raise DiedError

    def fail(self, *_arguments: object, **_more: object) -> None:
        """Do nothing: a dead run reports nothing."""


class History:
    """A table, its extraction, the person who runs it, and a common clock."""

    def __init__(
        self, sql_server: SqlServer, connection: pyodbc.Connection, stack: SqlStack, kind: Kind, folder: Path
    ) -> None:
        self._server = sql_server
        self._execute = connection.execute
        self._kind = kind
        self._types = {"id": "int", "note": "nvarchar(10)"}
        self._table = self._new_table()
        self._name = f"rows_{self._table}"
        self._stack = stack
        self._now = self._start = 10 * max(kind.ticks_of_lag, 1)
        # The table and its copy: note and ticks of the watermark by key.
        self._rows: dict[int, tuple[str, int | None]] = {}
        self._copied: dict[int, tuple[str, int | None]] = {}
        self._gone: set[int] = set()  # deleted keys that an increment cannot see
        self._watermark: int | None = None
        self._claimed: tuple[int | None] | None = None  # where the unfinished extraction ends
        self._objects = Objects(self._before_put, folder)
        self._next_put = "whole"
        self._leases = datetime.now().astimezone()

    def write(self, key: int, step: tuple[int, int], stamp: str, note: str) -> None:
        """Insert a row, or update an existing one."""
        half = self._kind.ticks_of_lag // 2
        self._now += step[0] + step[1] * half
        ticks = {"now": self._now, "late": self._now - half, "latest": self._now - 2 * half, "null": None}[stamp]
        if key in self._rows:
            self._execute(
                f"update dbo.{self._table} set note = N'{note}', at = {self._literal(ticks)} where id = {key}"
            )
        else:
            self._execute(f"insert into dbo.{self._table} values ({key}, N'{note}', {self._literal(ticks)})")
        self._rows[key] = (note, ticks)

    def delete(self, key: int) -> None:
        """Delete a row, if it exists."""
        self._execute(f"delete from dbo.{self._table} where id = {key}")
        self._rows.pop(key, None)

    def empty(self) -> None:
        """Empty the table."""
        self.run("whole")
        self._replace_rows({})
        self.run("whole")

    def start_over(self) -> None:
        """Empty the table and count from the start."""
        self.run("whole")
        self._replace_rows({0: ("z", self._start)})
        self._now = self._start
        self._run_after_restoring()

    def copy(self) -> None:
        """Make a backup."""
        self._copied = dict(self._rows)

    def restore(self) -> None:
        """Restore the backup."""
        self.run("whole")
        self._replace_rows(self._copied)
        self._run_after_restoring()

    def retype(self, column: str) -> None:
        """Widen a column, or narrow it again."""
        self.run("whole")
        wide = {"id": ("int", "bigint"), "note": ("nvarchar(10)", "nvarchar(20)")}[column]
        narrows = self._types[column] == wide[1]
        self._types[column] = wide[0] if narrows else wide[1]
        self._execute(f"alter table dbo.{self._table} alter column {column} {self._types[column]}")
        self._run_or_stop("--accept-columns" if narrows and self._was_extracted else None)

    def redeclare(self) -> None:
        """Move the rows to a table of another name, and declare that table."""
        self.run("whole")
        before, self._table = self._table, self._new_table()
        self._execute(f"insert into dbo.{self._table} select id, note, at from dbo.{before}")
        self._run_or_stop("--whole-table" if self._was_extracted else None)

    def run(self, how: str) -> None:
        """Extract, or begin to. The person follows the advice of a stop."""
        if how == "whole":
            self._run_or_stop(self._expected_stop())
            return
        try:
            self._extract(how, Options())
        except ExtractionError as stop:
            self._follow(str(stop), self._expected_stop())

    def check(self) -> None:
        """Compare the extracted rows with the table."""
        select = f"select id, note, convert(varchar(40), at, 121) from dbo.{self._table}"
        rows = {key: (note, at) for key, note, at in self._server.query(select)}
        latest = self._objects.latest(len(self._kind.text(0)) if self._kind.type != "int" else 40)
        assert {key: row for key, row in latest.items() if key in rows or key not in self._gone} == rows

    @property
    def _was_extracted(self) -> bool:
        return Watermarks(self._stack.role_dynamodb, self._stack.table).position(self._name).source is not None

    def _run_or_stop(self, expected: str | None) -> None:
        try:
            self._extract("whole", Options())
        except ExtractionError as stop:
            self._follow(str(stop), expected)
        else:
            assert expected is None, f"it did not stop; {expected} was expected"

    def _run_after_restoring(self) -> None:
        """Expect a stop if restored rows are below the last extraction; the person does not wait for it."""
        self.run("whole")
        self._extract("whole", Options(whole_table=True, accept_empty=True))

    def _follow(self, stop: str, expected: str | None) -> None:
        assert expected is not None, stop
        assert expected in stop
        given = {"--accept-columns": "accept_columns", "--accept-empty": "accept_empty", "--whole-table": "whole_table"}
        self._extract("whole", Options(**{given[expected]: True}))

    def _expected_stop(self) -> str | None:
        """Return the person's answer, from what the history knows about the table."""
        if self._kind.mode == "snapshot":
            return "--accept-empty" if not self._rows and self._objects.live else None
        (last,) = self._claimed or (self._watermark,)
        moments = [ticks for _, ticks in self._rows.values() if ticks is not None]
        if last is None or any(ticks >= last - self._kind.ticks_of_lag for ticks in moments):
            return None
        return "--whole-table" if moments else "--accept-empty"

    def _extract(self, how: str, options: Options) -> None:
        # Each run starts after the last one's lease.
        self._leases += timedelta(minutes=10)
        ledger = DyingWatermarks if how == "dies after it" else Watermarks
        watermarks = ledger(self._stack.role_dynamodb, self._stack.table, clock=lambda: self._leases)
        self._next_put = how
        declared = self._dataset
        assert isinstance(declared.source, SqlSource)
        moments = [ticks for _, ticks in self._rows.values() if ticks is not None]
        starts_over = options.whole_table or options.accept_empty
        if not starts_over:
            moments += [last for last in (self._watermark, *(self._claimed or ())) if last is not None]
        greatest = max(moments, default=None)
        stops = self._expected_stop() is not None and not starts_over
        if not stops:
            self._claimed = self._claimed or (greatest,)
        try:
            extract(Lake(watermarks, self._objects), self._server.server, declared, declared.source, options)
        except DiedError:
            assert how in {"upload fails", "dies after it"}
        except LostClaimError:
            assert how == "is overtaken"
        else:
            self._claimed, self._watermark = None, greatest

    @property
    def _dataset(self) -> Dataset:
        watermark = None if self._kind.mode == "snapshot" else "at"
        source = {"mode": self._kind.mode, "watermark": watermark, "lag": self._kind.lag, "nulls": "always"}
        return dataset(self._table, self._name, Rows, **source)

    def _replace_rows(self, rows: dict[int, tuple[str, int | None]]) -> None:
        self._execute(f"delete from dbo.{self._table}")
        for key, (text, ticks) in rows.items():
            self._execute(f"insert into dbo.{self._table} values ({key}, N'{text}', {self._literal(ticks)})")
        self._gone |= self._rows.keys() if self._kind.mode == "incremental" else set()
        self._rows = dict(rows)

    def _new_table(self) -> str:
        return self._server.create_table(
            f"id {self._types['id']} not null, note {self._types['note']}, at {self._kind.type}"
        )

    def _literal(self, ticks: int | None) -> str:
        return "null" if ticks is None else f"'{self._kind.text(ticks).replace(' ', 'T')}'"

    def _before_put(self) -> None:
        how, self._next_put = self._next_put, "whole"
        if how == "upload fails":
            raise DiedError
        if how == "is overtaken":
            self._extract("whole", Options())
