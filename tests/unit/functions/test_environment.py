"""Reading a function's environment into a model, and the messages for missing or wrong variables."""

import importlib
from pathlib import Path

import msgspec
import pytest

from functions.environment import InvalidEnvironmentError, read_environment

FUNCTIONS = Path(__file__).parents[3] / "functions"
GIVEN = {"TABLE": "t", "AGES": '{"parcels": 60}', "NAMES": "a,b", "WORKERS": "3", "HOME": "/"}


class Settings(msgspec.Struct):
    table: str = msgspec.field(name="TABLE")
    ages: dict[str, float] = msgspec.field(name="AGES")
    names: tuple[str, ...] = msgspec.field(name="NAMES")
    workers: int = msgspec.field(name="WORKERS", default=2)


def test_each_value_is_read_by_the_type_of_its_field():
    assert read_environment(Settings, GIVEN) == Settings("t", {"parcels": 60.0}, ("a", "b"), 3)


def test_a_variable_that_is_not_set_has_its_default():
    assert read_environment(Settings, {**GIVEN, "WORKERS": "4"}).workers == 4
    assert read_environment(Settings, {name: GIVEN[name] for name in ("TABLE", "AGES", "NAMES")}).workers == 2


def test_an_empty_list_has_no_values():
    assert read_environment(Settings, {**GIVEN, "NAMES": ""}).names == ()


def test_every_missing_variable_is_named():
    with pytest.raises(InvalidEnvironmentError, match="environment does not have AGES, NAMES; deploy"):
        read_environment(Settings, {"TABLE": "t"})


@pytest.mark.parametrize(("name", "text"), [("WORKERS", "many"), ("AGES", "{"), ("AGES", "[]"), ("AGES", '{"a": "x"}')])
def test_a_wrong_variable_is_named(name, text):
    with pytest.raises(InvalidEnvironmentError, match=name):
        read_environment(Settings, {**GIVEN, name: text})


def test_nothing_else_of_the_functions_reads_the_environment():
    readers = {file.name for file in FUNCTIONS.rglob("*.py") if "os.environ" in file.read_text()}
    assert readers == {"environment.py"}


@pytest.mark.parametrize("folder", [each.parent.name for each in FUNCTIONS.glob("*/handler.py")])
def test_each_function_names_its_missing_variables(folder):
    # given a function's settings and none of its variables
    module = "configuration" if folder == "sftp_collector" else "settings"
    model = importlib.import_module(f"functions.{folder}.{module}").Settings
    required = [field.encode_name for field in msgspec.structs.fields(model) if field.required]

    # then the message names all of them
    with pytest.raises(InvalidEnvironmentError, match=", ".join(required)):
        read_environment(model, {})
