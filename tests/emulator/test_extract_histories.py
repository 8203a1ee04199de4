"""Whatever happens to a table between runs, what was extracted, latest by key, is the table.

`make test` tries a few histories, `make campaign NAME=sql` five hundred others each time.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path

import dataframely as dy
import polars as pl
import pyodbc
import pytest
from hypothesis import HealthCheck, Phase, event, given, settings
from hypothesis import strategies as st

from jobs.datasets.declaration import Dataset, SqlSource
from jobs.extract_from_sql.connection import trusting
from jobs.extract_from_sql.extraction import Lake, Options, extract
from lake.watermark import Watermarks
from tests.emulator.sql_fixtures import CONNECTION, SqlServer, SqlStack

pytestmark = [pytest.mark.emulator, pytest.mark.xdist_group("sql"), pytest.mark.timeout(3600)]

HISTORIES = int(os.environ.get("SQL_HISTORIES", "2"))
LAG = timedelta(seconds=2)
# A Python datetime knows no 100 ns, so they are counted apart.
TICKS_A_SECOND = 10_000_000
START = datetime(2026, 11, 22, 10)  # noqa: DTZ001 - datetime2 has no zone

# How far the clock goes before a row is written, in ticks of 100 ns: mostly ties and neighbours.
steps = st.sampled_from([0, 0, 0, 1, 1, 5, TICKS_A_SECOND, 5 * TICKS_A_SECOND])
# When a row says that it was changed: now, up to the lag ago as if it committed late, or not at all.
stamps = st.sampled_from(["now", "now", "late", "latest", "null"])
writes = st.tuples(st.just("write"), st.integers(0, 4), steps, stamps, st.sampled_from("abc"))
runs = st.sampled_from([("run",), ("run",), ("upload fails",), ("dies after the upload",)])
histories = st.lists(st.one_of(writes, writes, writes, runs), min_size=8, max_size=30)


class Rows(dy.Schema):
    id = dy.Int64(primary_key=True)


class DiedError(Exception):
    """What ends a run at a chosen point."""


@dataclass
class Bucket:
    """What the extraction asks of S3, and the order in which objects came."""

    fails: bool = False
    numbers: Iterator[int] = field(default_factory=count)
    objects: dict[str, tuple[int, pl.DataFrame]] = field(default_factory=dict)

    def upload_file(self, path: str, _bucket: str, key: str, **_options: object) -> None:
        if self.fails:
            raise DiedError
        self.objects[key] = (next(self.numbers), pl.read_parquet(Path(path).read_bytes()))

    def latest(self) -> dict[int, tuple[object, ...]]:
        """The rows as a published view has them."""
        arrived = sorted(self.objects.values(), key=lambda numbered: numbered[0])
        return {
            row["id"]: (row["note"], row["at"])
            for _, rows in arrived
            for row in rows.with_columns(pl.col("at").to_physical()).rows(named=True)
        }


class DyingWatermarks(Watermarks):
    """A ledger that its run dies before it can complete."""

    def complete(self, *_arguments: object, **_more: object) -> None:
        raise DiedError

    def fail(self, *_arguments: object, **_more: object) -> None:
        """A dead run says nothing."""


@pytest.fixture
def stack(engine_emulator):
    return SqlStack(engine_emulator.endpoint, ("rows",))


def moment(ticks: int) -> str:
    seconds, rest = divmod(ticks, TICKS_A_SECOND)
    return f"{START + timedelta(seconds=seconds):%Y-%m-%d %H:%M:%S}.{rest:07}"


class History:
    """A table, its extraction, and the clock that both go by."""

    def __init__(self, sql_server: SqlServer, connection: pyodbc.Connection, stack: SqlStack, number: int) -> None:
        self._server = sql_server
        self._connection = connection
        self._table = sql_server.create_table("id int not null primary key, note nvarchar(10), at datetime2(7)")
        self._stack = stack
        self._now = 10 * TICKS_A_SECOND
        self._keys: set[int] = set()
        self._bucket = Bucket()
        self._leases = datetime.now().astimezone()
        source = SqlSource(CONNECTION, "dbo", self._table, "incremental", "at", LAG, nulls="always")
        self._dataset = Dataset(f"rows{number}", Rows, source, "operations", "rate(1 day)", timedelta(days=1))

    def write(self, key: int, step: int, stamp: str, note: str) -> None:
        """Insert a row, or update it where it is there."""
        self._now += step
        ticks = {"now": self._now, "late": self._now - TICKS_A_SECOND, "latest": self._now - 2 * TICKS_A_SECOND}
        at = "null" if stamp == "null" else f"'{moment(ticks[stamp])}'"
        if key in self._keys:
            statement = f"update dbo.{self._table} set note = N'{note}', at = {at} where id = {key}"  # noqa: S608 - a test's own
        else:
            statement = f"insert into dbo.{self._table} values ({key}, N'{note}', {at})"  # noqa: S608 - a test's own
            self._keys.add(key)
        self._connection.execute(statement)

    def run(self, how: str = "run") -> None:
        """Extract, or begin to."""
        # Each run comes when the last one's lease is over.
        self._leases += timedelta(minutes=10)
        ledger = DyingWatermarks if how == "dies after the upload" else Watermarks
        watermarks = ledger(self._stack.dynamodb, self._stack.table, clock=lambda: self._leases)
        self._bucket.fails = how == "upload fails"
        lake = Lake(watermarks, self._bucket, "bucket")
        source = self._dataset.source
        assert isinstance(source, SqlSource)
        try:
            extract(lake, self._server.server, self._dataset, source, Options())
        except DiedError:
            assert how != "run"

    def check(self) -> None:
        """Compare what was extracted with the table."""
        assert self._bucket.latest() == {key: (note, at) for key, note, at in self._rows()}

    def _rows(self) -> list[tuple[object, ...]]:
        rows = self._server.query(f"select id, note, convert(varchar(40), at, 121) from dbo.{self._table}")  # noqa: S608 - a test's own
        frame = pl.DataFrame(rows, schema={"id": pl.Int64, "note": pl.String, "at": pl.String}, orient="row")
        at = pl.col("at").str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="ns")
        return frame.with_columns(at.to_physical()).rows()


def test_what_was_extracted_latest_by_key_is_the_table(sql_server, stack):
    numbers = count()
    rows = count()

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
    def holds(steps):
        with trusting(sql_server.address.certificate), sql_server.server.connect() as connection:
            history = History(sql_server, connection, stack, next(numbers))
            for kind, *arguments in steps:
                if kind == "write":
                    history.write(*arguments)
                    next(rows)
                else:
                    event(kind)
                    history.run(kind)
            history.run()
            history.check()

    holds()
    print(f"{next(numbers)} histories, {next(rows)} writes")
