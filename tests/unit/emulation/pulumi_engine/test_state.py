"""What the engine remembers."""

import json
import stat

import pytest

from emulation.pulumi_engine import EngineError, discard_state
from emulation.pulumi_engine.content import TextContent
from emulation.pulumi_engine.state import Replaced, ResourceState, State

BUCKET = ResourceState("aws:s3/bucket:Bucket", "lake", "lake-1", {"arn": "a"}, {"tags": {"team": "a"}})


def test_what_was_recorded_is_known_to_the_next_run(tmp_path):
    # given
    State(tmp_path, "one").record("urn:lake", BUCKET)
    # when, then
    assert State(tmp_path, "one").resources == {"urn:lake": BUCKET}


def test_another_instance_knows_nothing_and_keeps_no_old_private_key(tmp_path):
    # given
    state = State(tmp_path, "one")
    state.record("urn:lake", BUCKET)
    state.private_keys.mkdir()
    (state.private_keys / "old.pem").write_text("old")
    # when
    other = State(tmp_path, "two")
    # then
    assert other.resources == {}
    assert not other.private_keys.exists()


def test_the_hash_of_an_input_stays_within_a_state_and_cannot_be_computed_without_its_key(tmp_path):
    # given
    one = State(tmp_path / "one", "x")
    one.record("urn:lake", BUCKET)
    # when
    again = State(tmp_path / "one", "x")
    other = State(tmp_path / "other", "x")
    # then
    assert one.fingerprint({"b": 1, "a": "1234"}) == again.fingerprint({"a": "1234", "b": 1})
    assert one.fingerprint("1234") != other.fingerprint("1234")
    assert one.fingerprint(TextContent("a")) != one.fingerprint(TextContent("b"))


def test_state_and_key_are_for_their_owner_alone(tmp_path):
    # given
    State(tmp_path / "state", "one").record("urn:lake", BUCKET)
    # when
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in (tmp_path / "state").iterdir()}
    # then
    assert modes == {"engine.json": 0o600, "engine.key": 0o600}


@pytest.mark.parametrize("content", ["{", "[]", '{"version": 2}', json.dumps({"version": 2, "instance": "one"})])
def test_a_damaged_state_is_named_and_says_how_to_go_on(tmp_path, content):
    # given
    (tmp_path / "engine.json").write_text(content)
    # when, then
    with pytest.raises(EngineError, match=r"engine\.json cannot be read.*--fresh"):
        State(tmp_path, "one")


def test_state_of_another_format_asks_for_a_fresh_start(tmp_path):
    # given
    (tmp_path / "engine.json").write_text(json.dumps({"version": 1, "instance": "one", "resources": {}}))
    # when, then
    with pytest.raises(EngineError, match=r"the format is 1.*--fresh"):
        State(tmp_path, "one")


def test_resources_stay_in_the_order_of_their_creation(tmp_path):
    # given
    state = State(tmp_path, "one")
    for urn in ("urn:b", "urn:a", "urn:c"):
        state.record(urn, BUCKET)
    # when
    state.record("urn:b", BUCKET, replaced=BUCKET)
    # then
    assert list(State(tmp_path, "one").resources) == ["urn:a", "urn:c", "urn:b"]
    assert State(tmp_path, "one").replaced == [Replaced("urn:b", BUCKET)]


def test_a_discarded_state_leaves_nothing_behind(tmp_path):
    # given
    state = State(tmp_path, "one")
    state.record("urn:lake", BUCKET)
    state.private_keys.mkdir()
    # when
    discard_state(tmp_path)
    # then
    assert list(tmp_path.iterdir()) == []
