"""docs/add-a-dataset.md, word for word, in a checkout of its own: one file adds a dataset, and nothing else changes."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.emulator.emulators import free_port

pytestmark = [pytest.mark.emulator, pytest.mark.long, pytest.mark.timeout(300)]

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/add-a-dataset.md"
NEW_FILE = "jobs/datasets/dealers.py"
START = "python -m local up --fresh"


@pytest.fixture
def checkout(tmp_path):
    """What git has of this checkout, beside the archives that are built already."""
    folder = tmp_path / "checkout"
    for name in filter(None, run("git ls-files -z", ROOT).stdout.split("\0")):
        if (ROOT / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    if (ROOT / ".build").exists():
        shutil.copytree(ROOT / ".build", folder / ".build", ignore=shutil.ignore_patterns("tmp*"))
    yield folder
    run("python -m local down", folder)


def run(command, folder):
    """Type a command of the page there; `python` is this interpreter's environment's."""
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "COLUMNS": "200"}
    return subprocess.run(
        ["/bin/sh", "-e", "-c", command], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_a_file_and_the_pages_commands_take_a_new_dataset_to_the_warehouse(checkout):
    # given the page: one file to write, and commands to type
    page = PAGE.read_text()
    [declaration] = re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    commands = re.findall(r"^```sh\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert f"`{NEW_FILE}`" in page
    assert commands[0].strip() == START

    # when they are carried out, on a port that is free
    (checkout / NEW_FILE).write_text(declaration)
    commands[0] = f"{START} --port {free_port()}"
    results = [run(command, checkout) for command in commands]

    # then all of them succeed, and the last shows two clean rows and a refused one
    assert [result.returncode for result in results] == [0] * len(commands), [result.stderr for result in results]
    [line] = [line.split() for line in results[-1].stdout.splitlines() if line.strip().startswith("dealers")]
    name, landed, *_when, waiting, clean, quarantined, duplicate = line
    assert (name, landed, waiting) == ("dealers", "1", "0")
    assert (clean, quarantined, duplicate) == ("2", "1", "0")
