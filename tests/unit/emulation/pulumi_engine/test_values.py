"""Values from the program become plain Python, and outputs go back to it."""

import io
import zipfile

import pytest
from google.protobuf import json_format, struct_pb2

from emulation.pulumi_engine import EngineError
from emulation.pulumi_engine.casing import pascal_keys
from emulation.pulumi_engine.content import archive_of_members, archive_of_path
from emulation.pulumi_engine.values import mask_secrets, read_properties, write_properties

SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"
ASSET = "c44067f5952c0a294b673a41bacd8c17"
ARCHIVE = "0def7320c3a5731c473e5ecbe6d01bc7"


def struct(values):
    return json_format.ParseDict(values, struct_pb2.Struct())


def secret(value):
    return {SIGNATURE: SECRET, "value": value}


def names_in(archive):
    with zipfile.ZipFile(io.BytesIO(archive.read())) as opened:
        return opened.namelist()


def test_secrets_are_unwrapped_and_their_inputs_remembered(tmp_path):
    # when
    properties = read_properties(
        struct({"plain": "a", "whole": secret({"inner": secret("b")}), "leaf": {"list": [secret("c")]}}), tmp_path
    )
    # then
    assert properties.values == {"plain": "a", "whole": {"inner": "b"}, "leaf": {"list": ["c"]}}
    assert properties.secrets == {"whole", "leaf"}
    assert properties.secret_strings() == {"b", "c"}


def test_whole_numbers_are_integers_again(tmp_path):
    # when
    values = read_properties(struct({"days": 7, "share": 0.5, "flag": True}), tmp_path).values
    # then
    assert values == {"days": 7, "share": 0.5, "flag": True}
    assert isinstance(values["days"], int)


def test_an_input_without_a_value_is_an_input_that_was_not_given(tmp_path):
    # when, then
    assert read_properties(struct({"nothing": None, "a": "b"}), tmp_path).values == {"a": "b"}


def test_program_gets_back_inputs_with_secrets_and_outputs(tmp_path):
    # given
    sent = struct({"name": "old", "value": secret("s")})
    # when
    answer = write_properties(sent, {"name": "new", "arn": "x"}, {"key": "k"})
    # then
    assert read_properties(answer, tmp_path).values == {"name": "new", "value": "s", "arn": "x", "key": "k"}
    assert read_properties(answer, tmp_path).secrets == {"value", "key"}


def test_secret_exports_are_masked(tmp_path):
    # when, then
    assert mask_secrets(struct({"a": "b", "c": {"d": secret("e")}}), tmp_path) == {"a": "b", "c": "[secret]"}


def test_an_archive_of_assets_and_folders_holds_each_at_its_path(tmp_path):
    # given
    (tmp_path / "jobs").mkdir()
    (tmp_path / "jobs" / "main.py").write_text("code")
    archive = {"assets": {"lib": {SIGNATURE: ARCHIVE, "path": "jobs"}, "a.txt": {SIGNATURE: ASSET, "text": "a"}}}
    # when
    content = read_properties(struct({"code": {SIGNATURE: ARCHIVE, **archive}}), tmp_path).values["code"]
    # then
    assert names_in(content) == ["a.txt", "lib/main.py"]


def test_same_files_give_the_same_archive_others_do_not(tmp_path):
    # given
    (tmp_path / "main.py").write_text("code")
    before = archive_of_path(tmp_path)
    digest, content = before.digest(), before.read()
    # when
    (tmp_path / "main.py").touch()
    touched = archive_of_path(tmp_path)
    unchanged = (touched.digest() == digest, touched.read() == content)
    (tmp_path / "main.py").write_text("other")
    # then
    assert unchanged == (True, True)
    assert archive_of_path(tmp_path).digest() != digest


def test_a_folder_is_packed_without_compiled_files(tmp_path):
    # given
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "main.pyc").write_text("")
    (tmp_path / "main.py").write_text("")
    # when, then
    assert names_in(archive_of_path(tmp_path)) == ["main.py"]


def test_a_zip_is_taken_as_it_is_but_not_within_another_archive(tmp_path):
    # given
    packed = tmp_path / "layer.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a", "b")
    # when
    content = archive_of_path(packed)
    # then
    assert content.read() == packed.read_bytes()
    with pytest.raises(EngineError, match=r"layer\.zip; give its folder instead"):
        archive_of_members({"inner": content})


def test_a_missing_archive_or_asset_is_named(tmp_path):
    # given
    asset = read_properties(struct({"source": {SIGNATURE: ASSET, "path": "gone.py"}}), tmp_path).values["source"]
    # when, then
    with pytest.raises(EngineError, match=r"gone\.py cannot be read"):
        asset.read()
    with pytest.raises(EngineError, match="gone does not exist"):
        archive_of_path(tmp_path / "gone")


def test_keys_become_pascal_case_except_the_users_own():
    # when
    converted = pascal_keys(
        {"sseAlgorithm": "a", "rules": [{"days": 1}], "parameters": {"my-key": 1}},
        renames={"sseAlgorithm": "SSEAlgorithm"},
        verbatim=("parameters",),
    )
    # then
    assert converted == {"SSEAlgorithm": "a", "Rules": [{"Days": 1}], "Parameters": {"my-key": 1}}
