"""Reports are found by walking their package; each is checked against the same computed in plain Python."""

import random
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime

import polars as pl
import pytest

from datasets import DATASETS
from processing.registry.declaration_file import DeclarationError
from processing.registry.registry import refuse_broken
from processing.registry.report_checks import find_reports
from processing.reporting import compute
from reports import REPORTS

DECLARATION = """
from processing.declaring.report import Chart, Report
REPORT = Report(name="{name}", team="{team}", inputs={inputs}, query=lambda inputs: inputs["vehicles"],
                chart=Chart("model", "customer_id"))
"""


def declaration(name: str, team: str = "finance", inputs: tuple[str, ...] = ("vehicles",)) -> str:
    return DECLARATION.format(name=name, team=team, inputs=inputs)


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Makes a package of one module and gives its name and path; no two have one name."""
    name = f"declared_{uuid.uuid4().hex}"
    monkeypatch.syspath_prepend(str(tmp_path))

    def make(module: str, text: str) -> tuple[str, list[str]]:
        folder = tmp_path / name
        folder.mkdir()
        (folder / "__init__.py").touch()
        (folder / f"{module}.py").write_text(text)
        return name, [str(folder)]

    return make


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


def test_customers_by_model_and_colour_counts_each_customer_once_and_lists_the_largest_group_first(vehicles):
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


def test_customers_by_fleet_size_counts_customers_by_how_many_vehicles_they_own(vehicles):
    # given
    fleets = Counter(row["customer_id"] for row in vehicles)

    # then
    assert report_rows("customers_by_fleet_size", vehicles) == sorted(Counter(fleets.values()).items())


def test_vehicles_by_plate_year_counts_vehicles_by_the_year_of_their_plate(vehicles):
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
def test_a_plates_two_digits_mean_the_year_that_the_licensing_agency_says(vehicles, plate, year):
    # given
    row = {**vehicles[0], "registration_plate": plate}

    # then
    assert report_rows("vehicles_by_plate_year", [row]) == [(year, 1)]


@pytest.mark.parametrize("name", [name for name, report in REPORTS.items() if report.inputs == ("vehicles",)])
def test_a_report_does_not_depend_on_the_order_of_its_inputs(vehicles, name):
    assert report_rows(name, vehicles) == report_rows(name, reversed(vehicles))


def test_a_new_module_is_a_new_report_without_any_other_change(package):
    # given
    name, path = package("fleet_list", declaration("fleet_list"))

    # then
    assert list(find_reports(name, path, DATASETS)) == ["fleet_list"]


@pytest.mark.parametrize(
    ("module", "text", "message"),
    [
        ("list_all", "nothing = 1", r"\w+/list_all\.py: declares no Report: give it a line `REPORT = Report"),
        ("list_all", declaration("other"), r"rename the file to other\.py or the declaration to 'list_all'"),
        ("list_all", declaration("list_all", team="The Team"), r"list_all\.py: team 'The Team' cannot be a name"),
        ("list_all", declaration("list_all", inputs=("cars",)), r"inputs \['cars'\] are not datasets; there are"),
        ("list_all", declaration("list_all", inputs=()), r"the report has no inputs"),
    ],
)
def test_a_wrong_declaration_is_refused_with_its_module_and_what_to_do(package, module, text, message):
    # given
    name, path = package(module, text)

    # when, then
    with pytest.raises(DeclarationError, match=message):
        refuse_broken(find_reports(name, path, DATASETS))
