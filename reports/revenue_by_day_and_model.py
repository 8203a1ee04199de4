"""For finance: payments by day and model, and the number of known people who paid."""

from collections.abc import Mapping
from typing import Any, Final

import narwhals as nw

from datasets.events import PAYMENT
from processing.declaring.chart import Chart, Measure, Series, Time, UnitColumn
from processing.declaring.report import Report

UNKNOWN_MODEL: Final = "UNKNOWN"
"""Model of payments for a plate that no vehicle has."""


def _query(inputs: Mapping[str, nw.LazyFrame[Any]]) -> nw.LazyFrame[Any]:
    payments = (
        inputs["events"]
        .filter(nw.col("event_type") == PAYMENT)
        .select(
            nw.col("occurred_at").dt.date().alias("day"),
            "registration_plate",
            "currency",
            "amount",
        )
    )
    vehicles = inputs["vehicles"].select("registration_plate", "model", "customer_id")
    people = inputs["person"].select(nw.col("id").alias("customer_id"), nw.col("id").alias("person"))
    told = payments.join(vehicles, on="registration_plate", how="left").join(people, on="customer_id", how="left")
    # By person first, then by day: each person counts once, and payments by unknown people also count.
    by_person = (
        told.with_columns(nw.col("model").fill_null(UNKNOWN_MODEL))
        .group_by("day", "model", "currency", "person")
        .agg(nw.len().cast(nw.Int64).alias("payments"), nw.col("amount").sum().alias("revenue"))
    )
    return (
        by_person.group_by("day", "model", "currency")
        .agg(
            nw.col("payments").sum(),
            nw.col("person").count().cast(nw.Int64).alias("people"),
            nw.col("revenue").sum(),
        )
        .sort("day", "model", "currency")
    )


REPORT: Final = Report(
    name="revenue_by_day_and_model",
    team="finance",
    inputs=("events", "vehicles", "person"),
    query=_query,
    key=("day", "model", "currency"),
    chart=Chart(
        "line",
        x=Time("day", "day", missing="zero"),
        y=Measure("revenue", aggregation="sum", unit=UnitColumn("currency")),
        series=Series("model", most=5),
        most=60,
    ),
)
