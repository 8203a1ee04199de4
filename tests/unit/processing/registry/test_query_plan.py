"""How a query computes a column is read from polars' plan."""

import narwhals as nw
import polars as pl
import pytest

from processing.registry.query_plan import made_by

ROWS = pl.LazyFrame(schema={"town": pl.String, "day": pl.Date, "member": pl.Int64, "weight": pl.Decimal(18, 2)})


@pytest.mark.parametrize(
    ("aggregations", "made"),
    [
        ([nw.len().cast(nw.Int64).alias("n")], None),
        ([nw.col("member").n_unique().cast(nw.Int64).alias("n")], "distinct"),
        ([nw.col("weight").sum().alias("other"), nw.col("member").n_unique().alias("n")], "distinct"),
        ([nw.col("member").n_unique().alias("other"), nw.col("weight").sum().alias("n")], None),
        ([nw.col("weight").mean().alias("n")], "average"),
        ([nw.col("weight").median().round(2).alias("n")], "average"),
    ],
)
def test_distinct_counts_and_averages_are_found(aggregations, made):
    query = nw.from_native(ROWS).group_by("town").agg(*aggregations).sort("town", "n")
    assert made_by(query.to_native().explain(optimized=False), "n") == made


def test_a_column_may_keep_its_name():
    query = nw.from_native(ROWS).group_by("town").agg(nw.col("member").n_unique()).sort("member")
    assert made_by(query.to_native().explain(optimized=False), "member") == "distinct"


def test_the_last_step_decides():
    days = nw.from_native(ROWS).group_by("town", "day").agg(nw.col("member").n_unique().alias("n"))
    query = days.group_by("town").agg(nw.col("n").max())
    assert made_by(query.to_native().explain(optimized=False), "n") is None
