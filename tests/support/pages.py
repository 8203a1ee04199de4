"""Carries out pages of the documentation word for word in a copy of this checkout."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.support.checkouts import copy_checkout
from tests.support.entry_point import install_entry_point

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def checkout(tmp_path):
    """A copy of this checkout, whose platform is stopped afterwards."""
    folder = tmp_path / "checkout"
    copy_checkout(folder)
    install_entry_point(folder)
    yield folder
    run("dataplatform down", folder)


def run(command, folder):
    """Run a command of a page there, with its environment active."""
    # Without pytest's own variables, because a page can run pytest itself.
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    environment = {**kept, "PATH": f"{folder / '.venv/bin'}:{os.environ['PATH']}", "COLUMNS": "200"}
    return subprocess.run(
        ["/bin/sh", "-e", "-c", command], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


class Page:
    """Return the contents of a page's boxes."""

    def __init__(self, name):
        self.text = (ROOT / "docs" / name).read_text()
        self.commands = self.boxes("sh")

    def boxes(self, language):
        return re.findall(rf"^```{language}\n(.*?)^```$", self.text, re.MULTILINE | re.DOTALL)

    def files(self):
        """Return name and content of each file that the page lets a reader write: a box below its name."""
        box = r"`([\w./]+)`(?:, [^\n`]*)?:\n\n```(?:python|yaml)\n(.*?)^```$"
        return re.findall(box, self.text, re.MULTILINE | re.DOTALL)

    def typed(self, folder, port):
        """Return the results of the commands; a command that starts the platform uses this port."""
        return [
            run(re.sub(r"(?m)^(dataplatform up.*)$", rf"\1 --port {port}", command), folder)
            for command in self.commands
        ]
