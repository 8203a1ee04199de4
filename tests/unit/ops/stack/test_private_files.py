"""Files and folders that only their owner can read, under a umask that would let everybody."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from ops.stack.private_files import make_private_folder, make_state_folder, open_private, write_private


@pytest.fixture(autouse=True)
def wide_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_new_file_and_its_folders_are_private(tmp_path: Path) -> None:
    file = tmp_path / "a/b/secret"
    make_private_folder(file.parent)
    write_private(file, "secret")
    assert file.read_text() == "secret"
    assert [mode(each) for each in (file.parent.parent, file.parent, file)] == [0o700, 0o700, 0o600]


def test_wide_file_is_narrowed_before_it_is_written(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("longer than the next")
    assert mode(file) == 0o666
    with open_private(file) as opened:
        assert mode(file) == 0o600
        opened.write(b"secret")
    assert file.read_text() == "secret"


def test_state_folder_is_private_and_ignored_by_git(tmp_path: Path) -> None:
    # given a new folder, and an existing empty one
    (tmp_path / "there").mkdir()
    for name in ("new", "there"):
        folder = tmp_path / name
        make_state_folder(folder)
        assert (mode(folder), (folder / ".gitignore").read_text()) == (0o700, "*\n")

        # when it is created again, then a person's own mode is kept
        (folder / ".gitignore").write_text("mine\n")
        make_state_folder(folder)
        assert (folder / ".gitignore").read_text() == "mine\n"


def test_folder_with_other_things_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").touch()
    before = mode(tmp_path)
    make_state_folder(tmp_path)
    assert (mode(tmp_path), [each.name for each in tmp_path.iterdir()]) == (before, ["thesis.tex"])
