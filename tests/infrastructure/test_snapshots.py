"""The committed graph of each stack. A change of the program appears in review as a change of the snapshot.

The snapshots show what this checkout declares. `make snapshots` writes them.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.program import pack_archives
from tests.support.snapshots import ROOT, SNAPSHOTS
from tests.support.variants import STACKS

pytestmark = pytest.mark.xdist_group("snapshots")
each_stack = pytest.mark.parametrize("stack", STACKS)


@pytest.fixture(scope="module")
def rendered(tmp_path_factory):
    """The present graphs, recorded in a separate process, because this one has the tests' declarations."""
    folder = tmp_path_factory.mktemp("snapshots")
    pack_archives()
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'platform'}:{ROOT}"}
    command = [sys.executable, "-m", "tests.support.snapshots", str(folder)]
    result = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return folder


@each_stack
def test_the_graph_is_the_one_committed(rendered: Path, stack: str) -> None:
    written = (rendered / f"{stack}.yaml").read_text()
    assert written == (SNAPSHOTS / f"{stack}.yaml").read_text(), "the graph changed; look at it, then `make snapshots`"


@each_stack
def test_a_snapshot_holds_no_path_of_this_machine(rendered: Path, stack: str) -> None:
    assert str(ROOT) not in (rendered / f"{stack}.yaml").read_text()


@each_stack
def test_a_snapshot_is_readable_in_review(stack: str) -> None:
    # given a committed snapshot
    lines = (SNAPSHOTS / f"{stack}.yaml").read_text().splitlines()

    # then no line is too wide to read
    assert max(map(len, lines)) <= 200
