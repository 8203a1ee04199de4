"""Each report of files equals its computation in plain Python."""

import random
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime

import polars as pl
import pytest

from processing.reporting.computing import compute
from reports import REPORTS
from tests.support.spark_expressions import called_by, missing_on_spark


@pytest.fixture(scope="module")
def vehicles() -> list[dict[str, object]]:
    """Rows of a published view: customers with several vehicles, few models, every age identifier."""
    source = random.Random(7)  # noqa: S311 - the same rows in every run
    return [
        {
            "customer_id": source.randint(1, 200),
            "model": source.choice(["FOCUS", "GOLF", "ZOE"]),
            "colour": source.choice(["Red", "Blue"]),
            "registration_plate": f"AB{number % 100:02}{chr(65 + number // 100)}AA",
            "_object": "inbound/vehicles/2026/11/22/a.csv",
            "_landed_on": date(2026, 11, 22),
            "_landed_at": datetime(2026, 11, 22, 12, tzinfo=UTC),
            "_line": number + 2,
        }
        for number in range(500)
    ]


def report_rows(name: str, vehicles: Iterable[dict[str, object]]) -> list[tuple[object, ...]]:
    return compute(REPORTS[name], {"vehicles": pl.DataFrame(list(vehicles))}).rows()


def test_customers_by_model_and_colour_counts_each_once(vehicles):
    # given
    owners: defaultdict[tuple[object, object], list[object]] = defaultdict(list)
    for row in vehicles:
        owners[row["model"], row["colour"]].append(row["customer_id"])
    expected = [(*group, len(set(customers)), len(customers)) for group, customers in owners.items()]

    # then
    assert report_rows("customers_by_model_and_colour", vehicles) == sorted(
        expected, key=lambda row: (-row[2], str(row[0]), str(row[1]))
    )
    assert any(customers != count for _, _, customers, count in expected)


def test_customers_by_fleet_size_counts_by_vehicles_owned(vehicles):
    # given
    fleets = Counter(row["customer_id"] for row in vehicles)

    # then
    assert report_rows("customers_by_fleet_size", vehicles) == sorted(Counter(fleets.values()).items())


def test_vehicles_by_plate_year_counts_by_year_of_plate(vehicles):
    # given
    def year(plate: str) -> int:
        age = int(plate[2:4])
        if age == 0:
            return 2050
        return 2000 + age if age <= 50 else 1950 + age

    expected = Counter(year(str(row["registration_plate"])) for row in vehicles)

    # then
    assert report_rows("vehicles_by_plate_year", vehicles) == sorted(expected.items())


@pytest.mark.parametrize(
    ("plate", "year"), [("AB51CDE", 2001), ("AB02CDE", 2002), ("AB52CDE", 2002), ("AB25CDE", 2025), ("AB75CDE", 2025)]
)
def test_plate_year_follows_the_licensing_agencys_rule(vehicles, plate, year):
    # given
    row = {**vehicles[0], "registration_plate": plate}

    # then
    assert report_rows("vehicles_by_plate_year", [row]) == [(year, 1)]


@pytest.mark.parametrize("name", [name for name, report in REPORTS.items() if report.inputs == ("vehicles",)])
def test_a_report_does_not_depend_on_the_order_of_its_inputs(vehicles, name):
    assert report_rows(name, vehicles) == report_rows(name, reversed(vehicles))


@pytest.mark.parametrize("name", REPORTS)
def test_report_calls_nothing_that_spark_lacks(name: str) -> None:
    assert {"group_by", "agg"} <= called_by(REPORTS[name])
    assert called_by(REPORTS[name]).isdisjoint(missing_on_spark())
