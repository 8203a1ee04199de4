"""A broken file stops only what reads it, and is reported in one line that names it."""

import re

import pytest

from processing.registry.dataset_checks import find_datasets
from processing.registry.declaration_file import DeclarationError
from processing.registry.registry import refuse_broken, usable
from processing.registry.report_checks import find_reports
from tests.support.declarations import DATASET, write_package

REPORT = """
import narwhals as nw
from processing.declaring.chart import Chart, Measure, Nominal
from processing.declaring.report import Report

CHART = Chart("bars", x=Nominal(("key",)), y=Measure("{value}", aggregation="sum", unit="members"))
REPORT = Report(name="sums", team="accounts", inputs=("members",), query={query}, key=("key",), chart=CHART)
"""
SOUND_QUERY = 'lambda inputs: inputs["members"].select("key", "number")'


@pytest.fixture
def find(tmp_path, monkeypatch):
    """Finds the datasets of a package that is written for the test."""

    def write(**files: str):
        return find_datasets(*write_package(tmp_path, monkeypatch, **files))

    return write


def members(old: str = "", new: str = "") -> str:
    """A sound declaration with one change."""
    text = DATASET.format(name="members")
    assert old in text
    return text.replace(old, new)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("DATASET = Dataset(", r"members\.py, line 1: SyntaxError: '\(' was never closed"),
        ("\n\nimport nothing_of_that_name", r"members\.py, line 3: ModuleNotFoundError: No module named"),
        ("DATASET = Missing", r"members\.py, line 1: NameError: name 'Missing' is not defined"),
        ("import sys\nsys.exit('enough')", r"members\.py, line 2: SystemExit: enough"),
        ("raise ValueError('two\\nlines')", r"members\.py, line 1: ValueError: two lines"),
        (members("owner=", "team="), r"members\.py, line 10: TypeError: .*unexpected keyword argument 'team'"),
        (
            members("schema=Rows", "schema=dict"),
            r"members\.py: schema is <class 'dict'>, expected a subclass of Schema",
        ),
        (members('"accounts"', "7"), r"members\.py: owner is 7, expected str"),
        (members('"accounts"', '"a\\nb"'), r"members\.py: owner 'a\\nb' is not a name; name a team such as"),
        (members('"accounts"', '""'), r"members\.py: owner '' is not a name"),
        (members("timedelta(hours=1)", "26"), r"members\.py: freshness is 26, expected timedelta"),
        (
            f"{members()}\nimport dataclasses\nDATASET = dataclasses.replace(DATASET, source='sftp')",
            r"members\.py: source is 'sftp', expected SftpSource or SqlSource or StreamSource",
        ),
        (members('"carrier"', '"The Carrier"'), r"members\.py: connection 'The Carrier' is not a valid name"),
        (members('"*.csv"', "None"), r"members\.py: source\.pattern is None, expected str"),
        (members("rate(1 day)", "daily"), r"members\.py: 'daily' is not a schedule"),
        (
            members("schema=Rows,", "schema=Rows, cleansing={'key': 'trim'},"),
            r"members\.py: cleansing is .* sequence of R",
        ),
        (
            members("schema=Rows,", "schema=Rows, cleansing={'no': ()},"),
            r"members\.py: cleansing names columns \['no'\]",
        ),
        (
            members("schema=Rows,", "schema=Rows, classes={'no': 'personal'},"),
            r"members\.py: classes names columns \['no'\]",
        ),
        (members("number", "_number"), r"members\.py: columns \['_number'\] start with an underscore"),
        (
            members('name="members"', 'name="people"'),
            r"members\.py: declares 'people', which is not its own name; rename the file to people\.py",
        ),
        (members('name="members"', 'name="staff"'), r"members\.py: declares 'staff', which staff\.py also declares"),
    ],
)
def test_a_mistake_is_reported_in_one_line_naming_its_file(find, text, message):
    # given a package with a sound file and a broken one
    datasets = find(members=text, staff=DATASET.format(name="staff"))

    # when
    with pytest.raises(DeclarationError) as refusal:
        datasets["members"]

    # then
    assert re.search(rf"^\w+/{message}", str(refusal.value))
    assert "\n" not in str(refusal.value)
    # and the other dataset can be used
    assert datasets["staff"].name == "staff"


def test_a_mistake_in_an_imported_file_names_that_file_too(find, tmp_path):
    # given
    datasets = find(members="from imported_by_members import nothing", staff=DATASET.format(name="staff"))
    (tmp_path / "imported_by_members.py").write_text("\n\nbroken(")

    # when, then
    with pytest.raises(
        DeclarationError, match=r"members\.py, line 1: SyntaxError: [^\n]*\(imported_by_members\.py, line 3\)"
    ):
        datasets["members"]


def test_names_are_known_without_reading_a_file(find):
    # given
    datasets = find(members="broken(", staff=DATASET.format(name="staff"))

    # then
    assert (list(datasets), len(datasets), "members" in datasets) == (["members", "staff"], 2, True)


@pytest.mark.parametrize("need_all", [lambda datasets: datasets.values(), lambda datasets: datasets.items()])
def test_whoever_needs_every_file_is_refused_with_each_broken_one(find, need_all):
    # given
    datasets = find(members="broken(", staff=DATASET.format(name="staff"), visits="DATASET = 1")

    # when, then
    with pytest.raises(
        DeclarationError, match=r"^\w+/members\.py, line 1: SyntaxError: [^;]+; \w+/visits\.py: does not declare"
    ):
        need_all(datasets)


def test_usable_declarations_are_separated_from_broken_ones(find):
    # given
    datasets = find(members="broken(", staff=DATASET.format(name="staff"))

    # when
    found, broken = usable(datasets)

    # then
    assert (list(found), list(broken)) == (["staff"], ["members"])


@pytest.mark.parametrize(
    ("query", "value", "message"),
    [
        (
            'lambda inputs: inputs["members"].select("no")',
            "number",
            r'sums\.py: ColumnNotFoundError: unable to find column "no"; valid columns: \["key", "number",[^\]]+\]$',
        ),
        ("7", "number", r"sums\.py: query is 7, expected a function"),
        (
            SOUND_QUERY,
            "no",
            r"sums\.py: chart names columns \['no'\], which the report does not have; choose from \['key', 'number'\]",
        ),
    ],
)
def test_a_reports_mistake_is_reported_with_its_file(find, tmp_path, monkeypatch, query, value, message):
    # given
    datasets = find(members=DATASET.format(name="members"))
    reports = write_package(tmp_path, monkeypatch, sums=REPORT.format(query=query, value=value))

    # when, then
    with pytest.raises(DeclarationError, match=rf"^\w+/{message}") as refusal:
        refuse_broken(find_reports(*reports, datasets))
    assert "\n" not in str(refusal.value)


def test_a_broken_input_is_its_own_mistake_not_the_reports(find, tmp_path, monkeypatch):
    # given
    datasets = find(members="broken(")
    reports = write_package(tmp_path, monkeypatch, sums=REPORT.format(query=SOUND_QUERY, value="number"))

    # then
    assert find_reports(*reports, datasets)["sums"].team == "accounts"
