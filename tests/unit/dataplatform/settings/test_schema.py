"""The JSON schema of the stack files is generated from the model, and accepts and refuses the same settings."""

import copy
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema_rs import Draft7Validator

from dataplatform.settings.model import Settings
from dataplatform.settings.page import settings_of
from dataplatform.settings.schema import FILE, PROJECT, render, stack_file_schema

ROOT = Path(__file__).resolve().parents[4]
STACK_FILES = sorted(ROOT.glob("Pulumi.*.yaml"))
CONFIG = f"{PROJECT}:"

each_stack_file = pytest.mark.parametrize("file", STACK_FILES, ids=lambda file: file.name)


@pytest.fixture(scope="module")
def schema() -> Draft7Validator:
    return Draft7Validator(stack_file_schema())


def read(file: Path) -> dict[str, Any]:
    return yaml.safe_load(file.read_text())


def test_committed_schema_is_the_one_that_the_model_gives() -> None:
    assert FILE.read_text() == render(), "the model changed: run `make schema`"


def test_project_of_the_schema_is_that_of_pulumi_yaml() -> None:
    assert read(ROOT / "Pulumi.yaml")["name"] == PROJECT


@each_stack_file
def test_stack_file_names_the_schema_for_editors(file: Path) -> None:
    [named] = re.findall(r"^# yaml-language-server: \$schema=(\S+)$", file.read_text(), re.MULTILINE)
    assert (file.parent / named).samefile(FILE)


@each_stack_file
def test_stack_file_is_valid_as_committed_and_as_quoted(file: Path, schema: Draft7Validator) -> None:
    # given the file, and the form that `pulumi stack init` gives it
    content = read(file)
    quoted = {"secretsprovider": "awskms://alias/x", "encryptedkey": "AQIC"} | copy.deepcopy(content)
    for name, value in quoted["config"].items():
        if isinstance(value, bool | int):
            quoted["config"][name] = str(value).lower()

    # then
    assert [str(each) for each in schema.iter_errors(content)] == []
    assert [str(each) for each in schema.iter_errors(quoted)] == []


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("data-platform:team", ["finance"]),
        ("teams", ["finance"]),
        ("data-platform:logRetentionDays", 31),
        ("data-platform:logRetentionDays", "31"),
        ("data-platform:protectData", "yes"),
        ("data-platform:teams", []),
        ("data-platform:jobs", {"batchsize": 10}),
        ("data-platform:jobs", {"batchSize": 1000}),
        ("data-platform:connections", {"dealer": {"user": "dataplatform", "hostkeys": []}}),
        ("data-platform:events", {"providers": {}}),
        ("data-platform:events", {"providers": {"website": {"keys": ["a", "b", "c"]}}}),
    ],
)
@each_stack_file
def test_wrong_key_or_value_in_a_stack_file_is_not_valid(
    file: Path, schema: Draft7Validator, key: str, value: object
) -> None:
    content = read(file)
    content["config"][key] = value
    assert list(schema.iter_errors(content))


def test_every_setting_has_its_meaning_without_a_pages_links() -> None:
    meanings = [setting.meaning for setting in settings_of(Settings).all_settings()]
    text = FILE.read_text()
    assert any("](" in meaning for meaning in meanings)
    assert "](" not in text
    assert text.count('"description"') >= len(meanings)
