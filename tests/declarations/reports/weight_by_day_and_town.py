"""For accounts: joins all three datasets, with decimals, dates and unmatched rows."""

from collections.abc import Mapping
from typing import Any, Final

import narwhals as nw

from datasets.readings import WEIGHING
from processing.declaring.chart import Chart, Measure, Time, UnitColumn
from processing.declaring.report import Report

UNKNOWN_TOWN: Final = "UNKNOWN"
"""The town of weighings whose label matches no parcel."""


def _query(inputs: Mapping[str, nw.LazyFrame[Any]]) -> nw.LazyFrame[Any]:
    weighings = (
        inputs["readings"]
        .filter(nw.col("event_type") == WEIGHING)
        .select(nw.col("occurred_at").dt.date().alias("day"), "label", "unit", "weight")
    )
    parcels = inputs["parcels"].select("label", "town", "member_id")
    members = inputs["members"].select(nw.col("number").alias("member_id"), nw.col("number").alias("member"))
    # By member first, so each member counts once and a weighing without a known member counts too.
    by_member = (
        weighings.join(parcels, on="label", how="left")
        .join(members, on="member_id", how="left")
        .with_columns(nw.col("town").fill_null(UNKNOWN_TOWN))
        .group_by("day", "town", "unit", "member")
        .agg(nw.len().cast(nw.Int64).alias("weighings"), nw.col("weight").sum())
    )
    return (
        by_member.group_by("day", "town", "unit")
        .agg(
            nw.col("weighings").sum(),
            nw.col("member").count().cast(nw.Int64).alias("members"),
            nw.col("weight").sum(),
        )
        .sort("day", "town", "unit")
    )


REPORT: Final = Report(
    name="weight_by_day_and_town",
    team="accounts",
    inputs=("readings", "parcels", "members"),
    query=_query,
    key=("day", "town", "unit"),
    chart=Chart(
        "line",
        x=Time("day", "day", missing="gap"),
        y=Measure("weight", aggregation="sum", unit=UnitColumn("unit"), over=("town",)),
    ),
)
