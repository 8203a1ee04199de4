"""Commands that need no declaration work while every declaration is broken."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def broken_copy(tmp_path_factory):
    """The repository with a syntax error in each dataset and each report."""
    copy = tmp_path_factory.mktemp("repository")
    for entry in ROOT.iterdir():
        if entry.name not in {"datasets", "reports", ".git"}:
            (copy / entry.name).symlink_to(entry)
    for package in ("datasets", "reports"):
        shutil.copytree(ROOT / package, copy / package, ignore=shutil.ignore_patterns("__pycache__"))
        for file in (copy / package).glob("[a-z]*.py"):
            file.write_text("broken(\n")
    return copy


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["local", "--help"], "Usage: python -m local"),
        (["local", "down", "--state-dir", "state"], "Nothing to do: no platform is running in state."),
        (["ops", "--help"], "Usage: python -m ops"),
    ],
)
def test_a_command_without_declarations_works_while_all_are_broken(broken_copy, words, said):
    # when
    result = subprocess.run(
        [sys.executable, "-m", *words], cwd=broken_copy, capture_output=True, text=True, check=False
    )

    # then
    assert (result.returncode, result.stderr) == (0, "")
    assert said in result.stdout


def test_pages_need_every_declaration_and_list_each_broken_file(broken_copy):
    # when
    result = subprocess.run(
        [sys.executable, "-m", "ops.pages", "pages"], cwd=broken_copy, capture_output=True, text=True, check=False
    )

    # then
    files = [f"{package}/{file.name}" for package in ("datasets", "reports")
             for file in sorted((broken_copy / package).glob("[a-z]*.py"))]  # fmt: skip
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == "; ".join(f"{file}, line 1: SyntaxError: '(' was never closed" for file in files) + "\n"
