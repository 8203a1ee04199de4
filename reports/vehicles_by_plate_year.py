"""For operations: number of vehicles by the year of their registration plates."""

from collections.abc import Mapping
from typing import Any, Final

import narwhals as nw

from processing.declaring.chart import Chart, Measure, Time
from processing.declaring.report import Report

# The two digits of a plate change twice a year: 02 to 50 in March of that year, 51 to 99 in September of the year 50
# less, and 00 in September 2050.
_CENTURY: Final = 2000
_SEPTEMBER_OFFSET: Final = 50


def _registration_year() -> nw.Expr:
    """Return the year in which the plate's half year began. September's half year ends in the following February."""
    age = nw.col("registration_plate").str.slice(2, 2).cast(nw.Int64)
    in_september = (age > _SEPTEMBER_OFFSET) | (age == 0)
    september_year = (
        nw.when(age == 0).then(_CENTURY + _SEPTEMBER_OFFSET).otherwise(age + (_CENTURY - _SEPTEMBER_OFFSET))
    )
    return nw.when(in_september).then(september_year).otherwise(age + _CENTURY)


def _query(inputs: Mapping[str, nw.LazyFrame[Any]]) -> nw.LazyFrame[Any]:
    return (
        inputs["vehicles"]
        .with_columns(registration_year=_registration_year())
        .group_by("registration_year")
        .agg(nw.len().cast(nw.Int64).alias("vehicles"))
        .sort("registration_year")
    )


REPORT: Final = Report(
    name="vehicles_by_plate_year",
    team="operations",
    inputs=("vehicles",),
    query=_query,
    key=("registration_year",),
    chart=Chart(
        "bars",
        x=Time("registration_year", "year", missing="zero"),
        y=Measure("vehicles", aggregation="count", unit="vehicles"),
        most=50,
    ),
)
