"""For finance: number of customers by number of vehicles."""

from collections.abc import Mapping
from typing import Any, Final

import narwhals as nw

from processing.declaring.chart import Chart, Measure, Ordinal
from processing.declaring.report import Report


def _query(inputs: Mapping[str, nw.LazyFrame[Any]]) -> nw.LazyFrame[Any]:
    fleets = inputs["vehicles"].group_by("customer_id").agg(nw.len().cast(nw.Int64).alias("fleet_size"))
    return fleets.group_by("fleet_size").agg(nw.len().cast(nw.Int64).alias("customers")).sort("fleet_size")


REPORT: Final = Report(
    name="customers_by_fleet_size",
    team="finance",
    inputs=("vehicles",),
    query=_query,
    key=("fleet_size",),
    chart=Chart("bars", x=Ordinal("fleet_size"), y=Measure("customers", aggregation="count", unit="customers")),
)
