"""The program refuses broken declarations, and connections that the stack does not define."""

import pytest

from dataplatform import declaration_checks
from dataplatform.declaration_checks import check_declarations
from dataplatform.errors import ProgramError
from dataplatform.settings.alarms import AlarmSettings, RouteSettings
from dataplatform.settings.model import AnalystSettings
from dataplatform.settings.reader import parse_settings
from processing.registry.dataset_checks import find_datasets
from tests.support.declarations import DATASET, write_package

SETTINGS = parse_settings(
    {
        "teams": ["accounts"],
        "connections": {"partner": {"host": "sftp.example", "user": "us", "hostKeys": ["ssh-ed25519 AAAA"]}},
        "events": {"providers": {"scanner": {"requestsPerSecond": 1, "burst": 1, "requestsPerDay": 1}}},
    },
    "dev",
)


@pytest.fixture(autouse=True)
def stack(monkeypatch):
    """Runs the program for the stack dev."""
    monkeypatch.setattr(declaration_checks.pulumi, "get_stack", lambda: "dev")


def test_every_broken_file_is_listed_in_one_line(tmp_path, monkeypatch):
    # given
    datasets = find_datasets(*write_package(tmp_path, monkeypatch, members="broken(", visits="DATASET = 1"))

    # when, then
    with pytest.raises(ProgramError, match=r"^\w+/members\.py, line 1: SyntaxError[^\n]+; \w+/visits\.py: [^\n]+$"):
        check_declarations(SETTINGS, datasets, {})


def test_unknown_connection_names_its_datasets_and_stack_file(tmp_path, monkeypatch):
    # given
    datasets = find_datasets(*write_package(tmp_path, monkeypatch, members=DATASET.format(name="members")))

    # when, then
    refusal = (
        r"^datasets/members\.py: the connection 'carrier' is not in data-platform:connections of Pulumi\.dev\.yaml"
    )
    with pytest.raises(ProgramError, match=rf"{refusal}; add it there, or choose from partner"):
        check_declarations(SETTINGS, datasets, {})


def test_a_connection_that_the_stack_has_is_accepted(tmp_path, monkeypatch):
    # given
    text = DATASET.format(name="members").replace('"carrier"', '"partner"')
    datasets = find_datasets(*write_package(tmp_path, monkeypatch, members=text))

    # then
    check_declarations(SETTINGS, datasets, {})


def granting(dataset):
    """Return the settings with a dataset for the analysts."""
    return SETTINGS.model_copy(update={"analysts": AnalystSettings(datasets=(dataset,))})


def declared(tmp_path, monkeypatch, arguments=""):
    """Return the dataset `visits` with further arguments."""
    text = DATASET.format(name="visits").replace('"carrier"', '"partner"').replace("\n)", f"\n    {arguments}\n)")
    return find_datasets(*write_package(tmp_path, monkeypatch, visits=text))


@pytest.mark.parametrize("arguments", ["", 'classes={"number": "identifier"},'])
def test_a_dataset_without_guarded_columns_is_for_analysts(tmp_path, monkeypatch, arguments):
    check_declarations(granting("visits"), declared(tmp_path, monkeypatch, arguments), {})


@pytest.mark.parametrize(
    ("dataset", "arguments", "why"),
    [
        *(
            ("visits", f'classes={{"number": "{named}"}},', rf"which has columns .*, number \({named}\); remove the")
            for named in ("personal", "sensitive")
        ),
        ("visits", 'drift="evolve",', r"which keeps undeclared columns \(drift 'evolve'\); remove the"),
        ("visit", "", r"which no file declares; choose from visits"),
    ],
)
def test_a_dataset_that_is_not_for_analysts_is_refused(tmp_path, monkeypatch, dataset, arguments, why):
    # given
    datasets = declared(tmp_path, monkeypatch, arguments)

    # when, then
    refusal = rf"^data-platform:analysts\.datasets of Pulumi\.dev\.yaml names {dataset}, {why}"
    with pytest.raises(ProgramError, match=refusal):
        check_declarations(granting(dataset), datasets, {})


def routing(owner):
    """Return the settings with a route for an owner."""
    alarms = AlarmSettings(routes={owner: RouteSettings(emails=("a@example.org",))})
    return SETTINGS.model_copy(update={"alarms": alarms})


def test_a_route_of_an_owner_is_accepted(tmp_path, monkeypatch):
    check_declarations(routing("accounts"), declared(tmp_path, monkeypatch), {})


def test_a_route_of_nobody_names_the_owners_that_there_are(tmp_path, monkeypatch):
    refusal = r"^data-platform:alarms\.routes of Pulumi\.dev\.yaml names 'finanse', who does not own"
    with pytest.raises(ProgramError, match=refusal):
        check_declarations(routing("finanse"), declared(tmp_path, monkeypatch), {})
