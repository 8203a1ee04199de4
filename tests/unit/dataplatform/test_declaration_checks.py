"""The program refuses broken declarations and connections that the stack does not have."""

import pytest

from dataplatform import declaration_checks
from dataplatform.declaration_checks import check_declarations
from dataplatform.errors import ProgramError
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
    """The program runs for the stack dev."""
    monkeypatch.setattr(declaration_checks.pulumi, "get_stack", lambda: "dev")


def test_every_broken_file_is_listed_in_one_line(tmp_path, monkeypatch):
    # given
    datasets = find_datasets(*write_package(tmp_path, monkeypatch, members="broken(", visits="DATASET = 1"))

    # when, then
    with pytest.raises(ProgramError, match=r"^\w+/members\.py, line 1: SyntaxError[^\n]+; \w+/visits\.py: [^\n]+$"):
        check_declarations(SETTINGS, datasets, {})


def test_an_unknown_connection_names_the_datasets_and_the_stacks_file(tmp_path, monkeypatch):
    # given
    datasets = find_datasets(*write_package(tmp_path, monkeypatch, members=DATASET.format(name="members")))

    # when, then
    refusal = (
        r"^datasets/members\.py: the connection 'carrier' is not in data-platform:connections of Pulumi\.dev\.yaml"
    )
    with pytest.raises(ProgramError, match=rf"{refusal} \(there: partner\): add the connection there, or correct"):
        check_declarations(SETTINGS, datasets, {})


def test_a_connection_that_the_stack_has_is_accepted(tmp_path, monkeypatch):
    # given
    text = DATASET.format(name="members").replace('"carrier"', '"partner"')
    datasets = find_datasets(*write_package(tmp_path, monkeypatch, members=text))

    # then
    check_declarations(SETTINGS, datasets, {})
