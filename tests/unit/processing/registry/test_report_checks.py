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
REPORT = Report(name="{name}", team="{team}", inputs={inputs}, query=lambda inputs: inputs[{inputs}[0]],
                key=("label",), chart=Chart("bars", Nominal(("label",)), Measure("member_id", "{measure}", "number")),
                {more})
"""


def declaration(
    name: str,
    team: str = "accounts",
    inputs: tuple[str, ...] = ("parcels",),
    measure: str = "maximum",
    more: str = "",
) -> str:
    return DECLARATION.format(name=name, team=team, inputs=inputs, measure=measure, more=more)


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
        ("list_all", "nothing = 1", r"\w+/list_all\.py: does not declare a Report; add a line `REPORT = Report"),
        ("list_all", declaration("other"), r"rename the file to other\.py or the declaration to 'list_all'"),
        ("list_all", declaration("list_all", team="The Team"), r"list_all\.py: team 'The Team' is not a valid name"),
        ("list_all", declaration("list_all", inputs=("cars",)), r"inputs \['cars'\] are neither datasets nor rep"),
        (
            "list_all",
            declaration("list_all").replace("inputs=('parcels',)", "inputs=()"),
            r"the report does not have inputs",
        ),
        ("list_all", declaration("list_all", more="schedule='rate(1 day)'"), r"'rate\(1 day\)' is not a schedule"),
        ("list_all", declaration("list_all", more="shared_with=('No Team',)"), r"team 'No Team' is not a valid name"),
        ("parcels", declaration("parcels"), r"a dataset is named 'parcels'"),
    ],
)
def test_a_wrong_declaration_is_refused_with_its_module_and_what_to_do(package, module, text, message):
    # given
    name, path = package(module, text)

    # when, then
    with pytest.raises(DeclarationError, match=message):
        refuse_broken(find_reports(name, path, DATASETS))


@pytest.fixture
def reports(tmp_path, monkeypatch):
    """Reads the reports of a package with several files, each with its source."""

    def read(**files):
        name, path = write_package(tmp_path, monkeypatch, **files)
        return find_reports(name, path, DATASETS)

    return read


def test_a_report_may_read_another_report_of_its_team(reports):
    # given
    found = reports(a=declaration("a", inputs=("b",)), b=declaration("b"))

    # then
    assert found["a"].inputs == ("b",)


def test_a_chart_of_what_another_report_counts_is_checked(reports):
    # given a chart that adds up what its input counts distinctly
    query = 'inputs[("parcels",)[0]].group_by("label").agg(nw.col("member_id").n_unique())'
    base = "import narwhals as nw\n" + declaration("b").replace("inputs[('parcels',)[0]]", query)
    found = reports(a=declaration("a", inputs=("b",), measure="sum"), b=base.replace("maximum", "distinct"))

    # then
    with pytest.raises(
        DeclarationError, match=r"a\.py: y declares member_id as a sum, but the query makes it a distinct"
    ):
        found["a"]


def test_reports_that_read_each_other_are_refused_in_one_line_that_names_them(reports):
    # given
    found = reports(
        a=declaration("a", inputs=("b",)),
        b=declaration("b", inputs=("c",)),
        c=declaration("c", inputs=("b",)),
        d=declaration("d"),
    )

    # then each file of the cycle is refused, and no other
    for name in ("b", "c"):
        with pytest.raises(DeclarationError) as refused:
            found[name]
        assert "the report reads itself: " in str(refused.value)
        assert {"b.py", "c.py"} <= {*str(refused.value).replace(";", " ").split()}
        assert "\n" not in str(refused.value)
    assert found["d"].inputs == ("parcels",)
    assert found["a"].inputs == ("b",)


def test_a_report_that_reads_itself_is_refused(reports):
    with pytest.raises(DeclarationError, match=r"the report reads itself: a\.py reads a\.py; remove"):
        reports(a=declaration("a", inputs=("a",)))["a"]


SHARED = "shared_with=('logistics',)"


@pytest.mark.parametrize(
    ("files", "missing"),
    [
        ({"b": declaration("b")}, "b"),
        ({"b": declaration("b", more=SHARED)}, None),
        ({"b": declaration("b", inputs=("c",), more=SHARED), "c": declaration("c")}, "c"),
        ({"b": declaration("b", inputs=("c",), more=SHARED), "c": declaration("c", more=SHARED)}, None),
    ],
    ids=["not shared", "shared", "its input not shared", "its input shared"],
)
def test_another_teams_report_is_read_only_if_it_is_shared(reports, files, missing):
    # given
    found = reports(a=declaration("a", team="logistics", inputs=("b",)), **files)

    # then
    if missing is None:
        assert found["a"].team == "logistics"
        return
    with pytest.raises(
        DeclarationError,
        match=rf"reads {missing}, a report of the team accounts, .*shared_with=\('logistics',\) in {missing}\.py",
    ):
        found["a"]


def test_a_broken_input_is_not_the_mistake_of_the_report_that_reads_it(reports):
    # given
    found = reports(a=declaration("a", inputs=("b",)), b="broken(")

    # then
    assert found["a"].name == "a"
    with pytest.raises(DeclarationError, match=r"b\.py, line 1: SyntaxError"):
        found["b"]
