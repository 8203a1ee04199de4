"""For operations: vehicles by model, and how many have an owner whom the customer system knows and can contact."""

from collections.abc import Mapping
from typing import Any, Final

import narwhals as nw

from processing.declaring.chart import Chart, Measure, Nominal
from processing.declaring.report import Report


def _query(inputs: Mapping[str, nw.LazyFrame[Any]]) -> nw.LazyFrame[Any]:
    people = inputs["person"].select(
        nw.col("id").alias("customer_id"),
        nw.col("id").alias("person"),
        nw.coalesce("phone", "email").alias("contact"),
    )
    return (
        inputs["vehicles"]
        .select("model", "customer_id")
        .join(people, on="customer_id", how="left")
        .group_by("model")
        .agg(
            nw.len().cast(nw.Int64).alias("vehicles"),
            nw.col("person").count().cast(nw.Int64).alias("with_known_owner"),
            nw.col("contact").count().cast(nw.Int64).alias("with_reachable_owner"),
        )
        .sort("model")
    )


REPORT: Final = Report(
    name="owners_by_model",
    team="operations",
    inputs=("vehicles", "person"),
    query=_query,
    key=("model",),
    chart=Chart(
        "bars",
        x=Nominal(("model",)),
        y=Measure("with_reachable_owner", aggregation="count", unit="vehicles"),
        most=12,
    ),
)
