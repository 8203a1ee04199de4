"""The histories that bench/history.py measures: a nightly export and a stream of events, each with a report.

The rows depend only on their day, so every contestant has the same rows.
"""

import io
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import dataframely as dy
import narwhals as nw
import polars as pl

from lake.keys import InboundObject, inbound_object
from processing.declaring.chart import Chart, Measure, Nominal
from processing.declaring.dataset import Dataset, SftpSource, StreamSource
from processing.declaring.report import Report
from processing.storage.columns import warehouse_columns

EXPORTS: Final = "exports"
EVENTS: Final = "readings"
CHANGED_OF: Final = 100
"""One of this many rows changes each day."""
ROWS_IN_OBJECT: Final = 100
"""Events in an object of the stream."""
_SPREAD: Final = 2_654_435_761
"""Odd, so multiplying by it modulo 2^32 maps numbers to distinct keys in no order."""
_SECONDS_A_DAY: Final = 86_400


class Exported(dy.Schema):
    """A row of the nightly export."""

    plate = dy.String(primary_key=True)
    customer_id = dy.Int64()
    model = dy.String()
    colour = dy.String()


class Reading(dy.Schema):
    """An event of the stream."""

    event_id = dy.String(primary_key=True)
    occurred_at = dy.Datetime(time_unit="us", time_zone="UTC")
    received_at = dy.Datetime(time_unit="us", time_zone="UTC")
    kind = dy.String()
    amount = dy.Int64()
    text = dy.String()


DATASETS: Final[Mapping[str, Dataset]] = {
    EXPORTS: Dataset(
        EXPORTS, Exported, SftpSource("c", "d", "*.csv", schedule="rate(1 day)"), "owner", timedelta(days=1)
    ),
    EVENTS: Dataset(
        EVENTS,
        Reading,
        StreamSource(receipt_order=("received_at", "event_id")),
        "owner",
        timedelta(days=1),
        clustered_by="occurred_at",
        # A merge's reads stop growing after this time. The shortest history is one day.
        look_back=timedelta(days=1),
    ),
}


def _models(views: Mapping[str, nw.LazyFrame[Any]]) -> nw.LazyFrame[Any]:
    return views[EXPORTS].group_by("model").agg(rows=nw.col("customer_id").count())


def _last_day(views: Mapping[str, nw.LazyFrame[Any]]) -> nw.LazyFrame[Any]:
    readings = views[EVENTS]
    newest = readings.filter(nw.col("occurred_at") >= LAST_DAY[0])
    return newest.group_by("kind").agg(amount=nw.col("amount").sum())


LAST_DAY: Final[list[datetime]] = []
"""Start of the time that the stream's report counts; set by the process that computes it."""

REPORTS: Final[Mapping[str, Report]] = {
    EXPORTS: Report(
        "models",
        "bench",
        (EXPORTS,),
        _models,
        ("model",),
        Chart("bars", Nominal(("model",)), Measure("rows", "count", "rows")),
    ),
    EVENTS: Report(
        "amounts",
        "bench",
        (EVENTS,),
        _last_day,
        ("kind",),
        Chart("bars", Nominal(("kind",)), Measure("amount", "sum", "things")),
    ),
}


def day_of(number: int, today: date) -> datetime:
    """Return the midnight at which a day of the history begins. Day 0 is today; earlier days are negative."""
    return datetime(today.year, today.month, today.day, tzinfo=UTC) + timedelta(days=number)


def exported(day: int, rows: int) -> pl.DataFrame:
    """Return the export of a day: all rows in their state of that day. One in a hundred changes each day."""
    number = pl.int_range(rows, dtype=pl.UInt64, eager=True).alias("number").to_frame()
    version = day - (day - pl.col("number").cast(pl.Int64)) % CHANGED_OF
    return number.select(
        plate=(pl.col("number") * _SPREAD % 2**32).cast(pl.String).str.zfill(10),
        customer_id=(pl.col("number").cast(pl.Int64) * 7919 + version) % 10**6,
        model=pl.format("MODEL {}", (pl.col("number").cast(pl.Int64) + version) % 50),
        colour=pl.format("Colour {}", (pl.col("number").cast(pl.Int64) // 7 + version) % 20),
    )


def readings(day: int, objects: int, number: int, today: date) -> pl.DataFrame:
    """Return the events of one of a day's objects."""
    first = ((day % 2**20) * objects + number) * ROWS_IN_OBJECT
    numbers = pl.int_range(first, first + ROWS_IN_OBJECT, dtype=pl.UInt64, eager=True).alias("number").to_frame()
    at = day_of(day, today) + timedelta(seconds=number * _SECONDS_A_DAY // objects)
    moment = pl.lit(at).cast(pl.Datetime("us", "UTC"))
    # Two products, so there are about as many distinct texts as random UUIDs have in one half.
    high, low = pl.col("number") * _SPREAD % 2**32, pl.col("number") * 40_503 * _SPREAD % 2**61
    return numbers.select(
        event_id=pl.format("{}-{}", high.cast(pl.String).str.zfill(10), low.cast(pl.String).str.zfill(20)),
        occurred_at=moment - pl.duration(seconds=pl.col("number") % 50),
        received_at=moment,
        kind=pl.format("kind {}", pl.col("number") % 7),
        amount=(pl.col("number") % 1000).cast(pl.Int64),
        text=pl.format("what happened to thing {} at place {}", high, pl.col("number") % 977),
    )


def inbound_of(dataset: str, day: int, number: int, today: date) -> InboundObject:
    """Return one of a day's objects."""
    landed = (day_of(day, today)).date()
    suffix = "csv" if dataset == EXPORTS else "ndjson"
    return inbound_object(dataset, landed, f"{dataset}-{number:05}.{suffix}")


def delivered(dataset: str, rows: pl.DataFrame) -> bytes:
    """Return rows as a file in the delivered format."""
    written = io.BytesIO()
    if dataset == EXPORTS:
        rows.write_csv(written)
    else:
        rows.with_columns(pl.col("occurred_at", "received_at").dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ")).write_ndjson(
            written
        )
    return written.getvalue()


def history_rows(dataset: str, rows: pl.DataFrame, inbound: InboundObject, at: datetime) -> pl.DataFrame:
    """Return rows as the warehouse job writes them into a history file."""
    instant = pl.lit(at).cast(pl.Datetime("us", "UTC"))
    return (
        rows.with_row_index("_line", 2 if dataset == EXPORTS else 1)
        .select(
            *rows.columns,
            _object=pl.lit(inbound.key),
            _landed_on=pl.lit(inbound.landing_date),
            _landed_at=instant,
            _as_of=instant,
            _line=pl.col("_line").cast(pl.Int64),
            _deleted=pl.lit(value=False),
            _undeclared=pl.lit(None, pl.String),
        )
        .select(list(warehouse_columns(DATASETS[dataset])))
    )
