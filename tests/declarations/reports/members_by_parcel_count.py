"""For accounts: counts members with the same number of parcels, so a row corresponds to no row of the input."""

from collections.abc import Mapping
from typing import Any, Final

import narwhals as nw

from processing.declaring.chart import Chart, Measure, Ordinal
from processing.declaring.report import Report


def _query(inputs: Mapping[str, nw.LazyFrame[Any]]) -> nw.LazyFrame[Any]:
    counts = inputs["parcels"].group_by("member_id").agg(nw.len().cast(nw.Int64).alias("parcel_count"))
    return counts.group_by("parcel_count").agg(nw.len().cast(nw.Int64).alias("members")).sort("parcel_count")


REPORT: Final = Report(
    name="members_by_parcel_count",
    team="accounts",
    inputs=("parcels",),
    query=_query,
    key=("parcel_count",),
    chart=Chart("bars", x=Ordinal("parcel_count"), y=Measure("members", aggregation="count", unit="members")),
)
