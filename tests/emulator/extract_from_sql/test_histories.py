"""Whatever happens to a table between runs, what was extracted, latest by key, is the table.

`make test` tries a few histories, `make campaign NAME=sql` five hundred others each time.
"""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path

import dataframely as dy
import polars as pl
import pyodbc
import pytest
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

from jobs.extract_from_sql.connection import trusting
from jobs.extract_from_sql.extraction import extract
from jobs.extract_from_sql.work import Lake, Options
from lake.ledger.ledger import LostClaimError
from lake.watermark.watermarks import Watermarks
from processing.declaring.dataset import SqlSource
from processing.readers.parquet_records import as_text
from processing.readers.records import DELETED
from tests.support.sql import SqlServer, SqlStack, dataset

pytestmark = [pytest.mark.emulator, pytest.mark.xdist_group("sql"), pytest.mark.timeout(3600)]

HISTORIES = int(os.environ.get("SQL_HISTORIES", "2"))
START = datetime(2021, 11, 22, 10)  # noqa: DTZ001 - these types have no zone


@dataclass(frozen=True)
class Kind:
    """How a table is extracted, and how a watermark of its type goes by. Its smallest step is a tick."""

    name: str
    type: str
    lag: timedelta
    ticks_of_lag: int
    text: Callable[[int], str]
    """The server's text of a number of ticks."""
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

keys = st.integers(0, 4)
# How far the clock goes before a row is written, in ticks and in halves of the lag: mostly ties and neighbours.
steps = st.sampled_from([(0, 0), (0, 0), (0, 0), (1, 0), (1, 0), (5, 0), (0, 1), (0, 5)])
# When a row says that it was changed: now, up to the lag ago as if it committed late, or not at all.
stamps = st.sampled_from(["now", "now", "late", "latest", "null"])
writes = st.tuples(st.just("write"), keys, steps, stamps, st.sampled_from("abc"))
deletions = st.tuples(st.just("delete"), keys)
runs = st.tuples(st.just("run"), st.sampled_from(["whole", "whole", "upload fails", "dies after it", "is overtaken"]))


def events_of(kind: Kind) -> st.SearchStrategy[list[tuple[object, ...]]]:
    # Only a snapshot sees that a row is gone.
    seen = [deletions] if kind.mode == "snapshot" else []
    return st.lists(st.one_of(writes, writes, writes, *seen, runs), min_size=8, max_size=30)


histories = st.one_of(*(st.tuples(st.just(kind.name), events_of(kind)) for kind in KINDS))


class Rows(dy.Schema):
    id = dy.Int64(primary_key=True)


class DiedError(Exception):
    """What ends a run at a chosen point."""


@dataclass
class Objects:
    """The lake, as the extraction writes it; what is processed as soon as it stands is never processed again."""

    before_put: Callable[[], None]
    folder: Path
    arrived: list[str] = field(default_factory=list[str])

    def put(self, key: str, file: Path, _about: object) -> bool:
        self.before_put()
        if key in self.arrived:
            return False
        self.arrived.append(key)
        shutil.copyfile(file, self._path(key))
        return True

    def download(self, key: str, file: Path) -> None:
        shutil.copyfile(self._path(key), file)

    def latest(self, characters: int) -> dict[int, tuple[str, str | None]]:
        """The rows as a published view has them; the watermark as the server's text, of so many characters."""
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
    """A ledger that its run dies before it can complete."""

    def complete(self, *_arguments: object, **_more: object) -> None:
        raise DiedError

    def fail(self, *_arguments: object, **_more: object) -> None:
        """A dead run says nothing."""


@pytest.fixture
def stack(engine_emulator):
    return SqlStack(engine_emulator.endpoint, ("rows",))


class History:
    """A table, its extraction, and the clock that both go by."""

    def __init__(
        self, sql_server: SqlServer, connection: pyodbc.Connection, stack: SqlStack, kind: Kind, folder: Path
    ) -> None:
        self._server = sql_server
        self._connection = connection
        self._kind = kind
        self._table = sql_server.create_table(f"id int not null primary key, note nvarchar(10), at {kind.type}")
        self._stack = stack
        self._now = 10 * max(kind.ticks_of_lag, 1)
        self._keys: set[int] = set()
        self._objects = Objects(self._before_put, folder)
        self._next_put = "whole"
        self._leases = datetime.now().astimezone()
        watermark = None if kind.mode == "snapshot" else "at"
        source = {"mode": kind.mode, "watermark": watermark, "lag": kind.lag, "nulls": "always"}
        self._dataset = dataset(self._table, f"rows_{self._table}", Rows, **source)

    def write(self, key: int, step: tuple[int, int], stamp: str, note: str) -> None:
        """Insert a row, or update it where it is there."""
        half = self._kind.ticks_of_lag // 2
        self._now += step[0] + step[1] * half
        ticks = {"now": self._now, "late": self._now - half, "latest": self._now - 2 * half}
        at = "null" if stamp == "null" else f"'{self._kind.text(ticks[stamp]).replace(' ', 'T')}'"
        if key in self._keys:
            statement = f"update dbo.{self._table} set note = N'{note}', at = {at} where id = {key}"  # noqa: S608 - a test's own
        else:
            statement = f"insert into dbo.{self._table} values ({key}, N'{note}', {at})"  # noqa: S608 - a test's own
            self._keys.add(key)
        self._connection.execute(statement)

    def delete(self, key: int) -> None:
        """Delete a row, if it is there."""
        self._connection.execute(f"delete from dbo.{self._table} where id = {key}")  # noqa: S608 - a test's own
        self._keys.discard(key)

    def run(self, how: str) -> None:
        """Extract, or begin to."""
        # Each run comes when the last one's lease is over.
        self._leases += timedelta(minutes=10)
        ledger = DyingWatermarks if how == "dies after it" else Watermarks
        watermarks = ledger(self._stack.role_dynamodb, self._stack.table, clock=lambda: self._leases)
        self._next_put = how
        source = self._dataset.source
        assert isinstance(source, SqlSource)
        try:
            extract(Lake(watermarks, self._objects), self._server.server, self._dataset, source, Options())
        except DiedError:
            assert how in {"upload fails", "dies after it"}
        except LostClaimError:
            assert how == "is overtaken"

    def check(self) -> None:
        """Compare what was extracted with the table."""
        select = f"select id, note, convert(varchar(40), at, 121) from dbo.{self._table}"  # noqa: S608 - a test's own
        rows = {key: (note, at) for key, note, at in self._server.query(select)}
        assert self._objects.latest(len(self._kind.text(0)) if self._kind.type != "int" else 40) == rows

    def _before_put(self) -> None:
        how, self._next_put = self._next_put, "whole"
        if how == "upload fails":
            raise DiedError
        if how == "is overtaken":
            self.run("whole")


def test_what_was_extracted_latest_by_key_is_the_table(sql_server, stack, tmp_path_factory):
    kinds: dict[str, int] = {}
    happened = count()

    @settings(
        max_examples=HISTORIES,
        deadline=None,
        # The same histories every time, unless a seed was given for others.
        derandomize="SQL_SEEDED" not in os.environ,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(histories)
    def holds(drawn):
        name, events = drawn
        note(f"{name}: {events}")
        kind = next(kind for kind in KINDS if kind.name == name)
        kinds[kind.name] = kinds.get(kind.name, 0) + 1
        with trusting(sql_server.address.certificate), sql_server.server.connect() as connection:
            history = History(sql_server, connection, stack, kind, tmp_path_factory.mktemp("lake"))
            for step, *arguments in events:
                getattr(history, step)(*arguments)
                next(happened)
            history.run("whole")
            history.check()

    holds()
    print(f"{sum(kinds.values())} histories, {next(happened)} events: {kinds}")
