"""For marketing: number of customers by model and colour."""

from collections.abc import Mapping
from typing import Any, Final

import narwhals as nw

from processing.declaring.chart import Chart, Measure, Nominal
from processing.declaring.report import Report


def _query(inputs: Mapping[str, nw.LazyFrame[Any]]) -> nw.LazyFrame[Any]:
    # A customer with two vehicles of the same model and colour counts once.
    return (
        inputs["vehicles"]
        .group_by("model", "colour")
        .agg(
            nw.col("customer_id").n_unique().cast(nw.Int64).alias("customers"),
            nw.len().cast(nw.Int64).alias("vehicles"),
        )
        .sort("customers", "model", "colour", descending=[True, False, False])
    )


REPORT: Final = Report(
    name="customers_by_model_and_colour",
    team="marketing",
    inputs=("vehicles",),
    query=_query,
    key=("model", "colour"),
    # A customer with a red and a blue vehicle of one model counts in two rows, so the rows of a model do not add up.
    chart=Chart(
        "bars",
        x=Nominal(("model", "colour")),
        y=Measure("customers", aggregation="distinct", unit="customers"),
        most=12,
    ),
)
