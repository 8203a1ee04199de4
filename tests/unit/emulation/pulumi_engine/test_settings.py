"""The stack's settings, read as the Pulumi CLI reads them."""

import pytest

from emulation.pulumi_engine import EngineError, read_stack_configuration
from emulation.pulumi_engine.providers import default_provider
from emulation.pulumi_engine.settings import encode, project_name

PROJECT = "name: data-platform\nruntime: python\n"


@pytest.fixture
def program(tmp_path):
    (tmp_path / "Pulumi.yaml").write_text(PROJECT)
    (tmp_path / "Pulumi.local.yaml").write_text("config: {}")
    return tmp_path


def test_a_stacks_settings_are_read_by_their_full_keys(program):
    # given
    settings = "config: {aws:region: eu-west-1, data-platform:logRetentionDays: 7, teams: [finance], empty: }"
    (program / "Pulumi.local.yaml").write_text(settings)
    # when
    settings = read_stack_configuration(program, "local")
    # then
    assert settings == {
        "aws:region": "eu-west-1",
        "data-platform:logRetentionDays": 7,
        "data-platform:teams": ["finance"],
    }


def test_settings_declared_in_pulumi_yaml_are_refused(program):
    # given
    (program / "Pulumi.yaml").write_text(f"{PROJECT}config: {{logRetentionDays: {{default: 30}}}}")
    # when, then
    with pytest.raises(EngineError, match=r"Pulumi\.yaml declares settings under `config`"):
        read_stack_configuration(program, "local")


def test_a_missing_stack_file_is_named(program):
    # when, then
    with pytest.raises(EngineError, match=r"Pulumi\.nowhere\.yaml does not exist"):
        read_stack_configuration(program, "nowhere")


def test_a_file_that_is_no_yaml_is_named(program):
    # given
    (program / "Pulumi.local.yaml").write_text("config: [")
    # when, then
    with pytest.raises(EngineError, match=r"Pulumi\.local\.yaml cannot be read"):
        read_stack_configuration(program, "local")


def test_an_encrypted_setting_is_refused_by_its_name(program):
    # given
    (program / "Pulumi.local.yaml").write_text("config: {data-platform:password: {secure: AAAA}}")
    # when, then
    with pytest.raises(EngineError, match="data-platform:password is encrypted"):
        read_stack_configuration(program, "local")


def test_a_project_without_a_name_is_refused(program):
    # given
    (program / "Pulumi.yaml").write_text("runtime: python")
    # when, then
    with pytest.raises(EngineError, match="does not have a name"):
        project_name(program)


def test_everything_that_is_not_text_reaches_the_program_as_json():
    # when
    encoded = encode({"a:text": "é", "a:flag": True, "a:number": 7, "a:list": ["é", 1], "a:map": {"b": None}})
    # then
    assert encoded == {"a:text": "é", "a:flag": "true", "a:number": "7", "a:list": '["é",1]', "a:map": '{"b":null}'}


def test_default_tags_of_the_wrong_form_are_refused():
    # when, then
    with pytest.raises(EngineError, match="aws:defaultTags is"):
        default_provider({"aws:region": "eu-west-1", "aws:defaultTags": '{"project": "x"}'})


def test_a_stack_without_a_region_is_refused_by_the_setting_that_it_lacks():
    # when, then
    with pytest.raises(EngineError, match="set aws:region"):
        default_provider({}).require_region("stack 'local'")
