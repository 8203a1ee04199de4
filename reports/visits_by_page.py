"""For marketing: visits and visitors by page, and how many of the visitors have an e-mail address."""

from collections.abc import Mapping
from typing import Any, Final

import narwhals as nw

from datasets.events import VISIT
from processing.declaring.chart import Chart, Measure, Nominal
from processing.declaring.report import Report


def _query(inputs: Mapping[str, nw.LazyFrame[Any]]) -> nw.LazyFrame[Any]:
    visits = inputs["events"].filter(nw.col("event_type") == VISIT).select("page", "customer_id")
    reachable = inputs["person"].filter(~nw.col("email").is_null()).select(nw.col("id").alias("customer_id"), "email")
    by_customer = (
        visits.group_by("page", "customer_id")
        .agg(nw.len().cast(nw.Int64).alias("visits"))
        .join(reachable, on="customer_id", how="left")
    )
    return (
        by_customer.group_by("page")
        .agg(
            nw.col("visits").sum(),
            nw.len().cast(nw.Int64).alias("customers"),
            nw.col("email").count().cast(nw.Int64).alias("reachable_by_email"),
        )
        .sort("page")
    )


REPORT: Final = Report(
    name="visits_by_page",
    team="marketing",
    inputs=("events", "person"),
    query=_query,
    key=("page",),
    chart=Chart("bars", x=Nominal(("page",)), y=Measure("visits", aggregation="count", unit="visits"), most=12),
)
