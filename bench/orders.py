"""The file that the benchmark of the warehouse job reads: orders, one in a hundred dirty, and their declaration."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Final

import dataframely as dy
import polars as pl

from processing.declaring.dataset import Dataset, SftpSource

BYTES_PER_ROW: Final = 67.6
_AT_ONCE: Final = 1_000_000
_COUNTRIES: Final = dict(enumerate(("DE", "FR", "GB", "ES", "IT", "NL")))
_SECONDS_OF_A_YEAR: Final = 31_536_000
_NEW_YEAR_2025: Final = 1_735_689_600


class Orders(dy.Schema):
    """An order. Besides types and missing values, five rules apply: a unique key, three ranges and a pattern."""

    order_id = dy.Int64(primary_key=True)
    customer_id = dy.Int64(min=1)
    country = dy.String(regex="^[A-Z]{2}$")
    quantity = dy.Int64(min=1)
    amount = dy.Float64(min=0)
    placed_at = dy.Datetime(time_unit="us")
    note = dy.String(nullable=True)


ORDERS: Final = Dataset(
    name="orders",
    schema=Orders,
    source=SftpSource("bench", "out", "*.csv", schedule="rate(1 day)"),
    owner="bench",
    freshness=timedelta(days=1),
)


def write_orders(path: Path, rows: int) -> None:
    """Write the file; the same number gives the same rows."""
    unfinished = path.with_suffix(".part")
    with unfinished.open("wb") as file:
        for start, frame in _frames(rows):
            frame.write_csv(file, include_header=start == 0)
    unfinished.replace(path)


def _frames(rows: int) -> Iterator[tuple[int, pl.DataFrame]]:
    for start in range(0, rows, _AT_ONCE):
        numbers = pl.DataFrame({"n": pl.int_range(start, min(start + _AT_ONCE, rows), eager=True)})
        yield start, _dirty(numbers.select("n", **_clean()))


def _noise(seed: int, below: int) -> pl.Expr:
    return (pl.col("n").hash(seed) % below).cast(pl.Int64)


def _clean() -> dict[str, pl.Expr]:
    placed_at = pl.from_epoch(_noise(6, _SECONDS_OF_A_YEAR) + _NEW_YEAR_2025)
    return {
        "order_id": (pl.col("n") + 100_000_000).cast(pl.String),
        "customer_id": (_noise(1, 1_000_000) + 1).cast(pl.String),
        "country": _noise(2, len(_COUNTRIES)).replace_strict(_COUNTRIES, return_dtype=pl.String),
        "quantity": (_noise(3, 9) + 1).cast(pl.String),
        "amount": pl.format("{}.{}", _noise(4, 900) + 1, _noise(5, 90) + 10),
        "placed_at": placed_at.dt.strftime("%Y-%m-%d %H:%M:%S"),
        "note": pl.format("left at door {}", _noise(7, 100_000)),
    }


def _dirty(rows: pl.DataFrame) -> pl.DataFrame:
    """Put each of ten kinds of errors into one row in a thousand. The last kind repeats another order."""
    kind = _noise(9, 1000)

    def instead(column: str, text: pl.Expr, number: int) -> pl.Expr:
        return pl.when(kind == number).then(text).otherwise(pl.col(column)).alias(column)

    columns = [name for name in rows.columns if name != "n"]
    return (
        rows.with_columns(instead("customer_id", pl.lit("C-17"), 1))
        .with_columns(instead("customer_id", pl.lit("0"), 2), instead("country", pl.lit("Atlantis"), 3))
        .with_columns(instead("quantity", pl.lit("0"), 4), instead("amount", pl.lit("free"), 5))
        .with_columns(instead("amount", pl.lit("-1.00"), 6), instead("placed_at", pl.lit("some day"), 7))
        .with_columns(instead("order_id", (pl.col("n") + 99_999_000).cast(pl.String), 8))
        .with_columns(instead("quantity", pl.lit("many"), 10))
        .with_columns(
            pl.when(kind == 9).then(pl.col(name).shift(500)).otherwise(pl.col(name)).fill_null("").alias(name)  # noqa: PLR2004
            for name in columns
        )
        .select(columns)
    )
