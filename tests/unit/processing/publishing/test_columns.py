"""A stored row is the declared row: nothing is lost, nanoseconds included."""

from datetime import UTC, date, datetime

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as some

from processing.publishing.columns import (
    UnpublishableColumnError,
    declared,
    iceberg_schema,
    polars_columns,
    stored,
    stored_columns,
)

COLUMNS = {
    "tiny": pl.UInt8(),
    "wide": pl.UInt32(),
    "ratio": pl.Float32(),
    "price": pl.Decimal(18, 2),
    "day": pl.Date(),
    "local": pl.Datetime("ms", "Europe/Berlin"),
    "words": pl.List(pl.String()),
    "bytes": pl.Binary(),
}
ROWS = pl.DataFrame(
    {
        "tiny": [255, None],
        "wide": [2**32 - 1, 0],
        "ratio": [0.5, None],
        "price": ["1.25", None],
        "day": [date(1969, 12, 31), None],
        "local": [datetime(2026, 1, 1, tzinfo=UTC), None],
        "words": [["a", None], []],
        "bytes": [b"\x00", None],
    },
    schema_overrides={"local": pl.Datetime("us", "UTC")},
).select(pl.col(name).cast(kind) for name, kind in COLUMNS.items())


def test_every_type_is_read_as_it_was_written():
    assert declared(stored(ROWS, COLUMNS).lazy(), COLUMNS).collect().equals(ROWS)


@pytest.mark.parametrize("zone", [None, "UTC", "America/New_York"])
@given(values=some.lists(some.none() | some.integers(-(2**63) + 1, 2**63 - 1)))
def test_an_instant_keeps_its_nanoseconds(zone, values):
    columns = {"at": pl.Datetime("ns", zone)}
    rows = pl.DataFrame({"at": pl.Series(values, dtype=pl.Int64).cast(columns["at"])})
    assert declared(stored(rows, columns).lazy(), columns).collect().equals(rows)


def test_the_rest_of_an_instant_before_1970_is_not_negative():
    rows = pl.DataFrame({"at": pl.Series([-1], dtype=pl.Int64).cast(pl.Datetime("ns"))})
    assert stored(rows, rows.schema)["_at_ns"].to_list() == [999]


def test_a_schema_gives_the_columns_it_was_made_of():
    columns = stored_columns(COLUMNS)
    assert polars_columns(iceberg_schema(columns)) == columns


@pytest.mark.parametrize("kind", [pl.Duration(), pl.UInt64(), pl.List(pl.Datetime("ns")), pl.List(pl.List(pl.Int8()))])
def test_a_type_without_counterpart_is_refused_by_its_column(kind):
    with pytest.raises(UnpublishableColumnError, match="column odd has the type"):
        stored_columns({"odd": kind})


def test_a_wider_decimal_is_an_evolution_and_a_narrower_one_is_not():
    narrow, wide = {"price": pl.Decimal(9, 2)}, {"price": pl.Decimal(18, 2)}
    assert polars_columns(iceberg_schema(wide, iceberg_schema(narrow), 1)) == pl.Schema(wide)
    with pytest.raises(UnpublishableColumnError, match="is not wider"):
        iceberg_schema(narrow, iceberg_schema(wide), 1)
