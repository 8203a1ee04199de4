"""Reports are found by walking their package, and a wrong one is refused by its file."""

import pytest

from datasets import DATASETS
from processing.registry.declaration_file import DeclarationError
from processing.registry.registry import refuse_broken
from processing.registry.report_checks import find_reports
from tests.support.declarations import write_package

DECLARATION = """
from processing.declaring.chart import Chart, Measure, Nominal
from processing.declaring.report import Report
REPORT = Report(name="{name}", team="{team}", inputs={inputs}, query=lambda inputs: inputs["parcels"],
                key=("label",), chart=Chart("bars", Nominal(("label",)), Measure("member_id", "maximum", "number")))
"""


def declaration(name: str, team: str = "accounts", inputs: tuple[str, ...] = ("parcels",)) -> str:
    return DECLARATION.format(name=name, team=team, inputs=inputs)


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Writes a package of one module and gives its name and path."""
    return lambda module, text: write_package(tmp_path, monkeypatch, **{module: text})


def test_a_new_module_is_a_new_report_without_any_other_change(package):
    # given
    name, path = package("parcel_list", declaration("parcel_list"))

    # then
    assert list(find_reports(name, path, DATASETS)) == ["parcel_list"]


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
