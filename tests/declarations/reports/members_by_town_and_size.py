"""For logistics: grouped by two columns, so a category of the chart has several rows."""

from collections.abc import Mapping
from typing import Any, Final

import narwhals as nw

from processing.declaring.chart import Chart, Measure, Nominal, Series
from processing.declaring.report import Report


def _query(inputs: Mapping[str, nw.LazyFrame[Any]]) -> nw.LazyFrame[Any]:
    return (
        inputs["parcels"]
        .group_by("town", "size")
        .agg(
            nw.col("member_id").n_unique().cast(nw.Int64).alias("members"),
            nw.len().cast(nw.Int64).alias("parcels"),
        )
        .sort("members", "town", "size", descending=[True, False, False])
    )


REPORT: Final = Report(
    name="members_by_town_and_size",
    team="logistics",
    inputs=("parcels",),
    query=_query,
    key=("town", "size"),
    chart=Chart(
        "bars",
        x=Nominal(("town",)),
        y=Measure("members", aggregation="distinct", unit="members"),
        series=Series("size"),
        most=12,
    ),
)
