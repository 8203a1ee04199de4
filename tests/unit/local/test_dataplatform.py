"""The script in .venv/bin finds its clone from any folder, and passes on the typed arguments."""

import os
import subprocess

import pytest

from tests.support.entry_point import install_entry_point

ENTRY = """
import os, sys
def main():
    print(repr([sys.argv[1:], sys.path[0], os.getcwd()]))
"""


@pytest.fixture
def clone(tmp_path):
    """A clone in a folder with a space, whose command prints its arguments."""
    clone = tmp_path / "my clone"
    install_entry_point(clone)
    (clone / "local").mkdir()
    (clone / "local/__init__.py").touch()
    (clone / "local/entry.py").write_text(ENTRY)
    return clone


def typed(command, *words, folder, path=""):
    environment = {**os.environ, "PATH": f"{path}:{os.environ['PATH']}"}
    result = subprocess.run([command, *words], cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def test_command_finds_its_clone_from_any_folder(clone, tmp_path):
    # given a folder with a module that shadows one of ours
    (tmp_path / "local").mkdir()
    (tmp_path / "local/__init__.py").write_text("raise SystemExit('not this one')")
    expected = repr([["up", "--file", "a b.csv"], str(clone), str(tmp_path)])

    # when it is run by its path, by PATH, and through a link
    link = tmp_path / "dp"
    link.symlink_to(clone / ".venv/bin/dataplatform")
    by_path = typed(str(clone / ".venv/bin/dataplatform"), "up", "--file", "a b.csv", folder=tmp_path)
    by_name = typed("dataplatform", "up", "--file", "a b.csv", folder=tmp_path, path=clone / ".venv/bin")
    by_link = typed(str(link), "up", "--file", "a b.csv", folder=tmp_path)

    # then
    assert [by_path, by_name, by_link] == [expected] * 3


def test_relative_path_with_dots_finds_the_clone(clone):
    (clone / ".venv/other").mkdir()
    shown = typed("../bin/dataplatform", folder=clone / ".venv/other")
    assert shown == repr([[], str(clone), str(clone / ".venv/other")])
