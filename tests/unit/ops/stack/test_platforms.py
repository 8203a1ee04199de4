"""The only running local platform is found without being named."""

import json
import socket

import pytest

from ops.stack import platforms
from ops.stack.errors import InvalidInputError
from ops.stack.platforms import platforms_up, remember, the_platform


@pytest.fixture(autouse=True)
def clone(tmp_path, monkeypatch):
    """A clone in which no platform was ever started."""
    monkeypatch.setattr(platforms, "DEFAULT_STATE_DIRECTORY", tmp_path / ".local")
    monkeypatch.setattr(platforms, "_ELSEWHERE", tmp_path / ".build/state-directories")
    return tmp_path


@pytest.fixture
def start(clone):
    """Makes a platform in a folder of the clone appear to be up."""
    servers = []

    def start(name):
        servers.append(socket.create_server(("127.0.0.1", 0)))
        folder = clone / name
        folder.mkdir()
        endpoint = f"http://127.0.0.1:{servers[-1].getsockname()[1]}"
        (folder / "stack.json").write_text(json.dumps({"endpoint": endpoint}))
        remember(folder)
        return folder

    yield start
    for server in servers:
        server.close()


@pytest.mark.parametrize("name", [".local", "two"])
def test_only_platform_that_is_up_is_chosen(start, name):
    folder = start(name)
    assert the_platform(None) == folder


def test_several_platforms_are_listed_and_none_is_chosen(start):
    one, two = start(".local"), start("two")
    with pytest.raises(InvalidInputError) as refused:
        the_platform(None)
    assert f"--state-dir {one}" in str(refused.value)
    assert f"--state-dir {two}" in str(refused.value)


def test_named_directory_is_chosen_whatever_is_up(start, clone):
    start(".local")
    assert the_platform(clone / "other") == clone / "other"


def test_platform_that_no_longer_answers_is_not_up(clone):
    # given the record of a platform that ended with the machine
    folder = clone / "two"
    folder.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as server:
        endpoint = f"http://127.0.0.1:{server.getsockname()[1]}"
    (folder / "stack.json").write_text(json.dumps({"endpoint": endpoint}))
    remember(folder)

    # then
    assert platforms_up() == []
    assert the_platform(None) == clone / ".local"


def test_stopped_platforms_are_forgotten(start, clone):
    # given a platform that was stopped
    stopped = start("one")
    (stopped / "stack.json").unlink()

    # when another is started
    two = start("two")

    # then only that one is recorded
    assert (clone / ".build/state-directories").read_text() == f"{two}\n"
