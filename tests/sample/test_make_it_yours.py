"""The page that deletes the sample: afterwards the platform runs, and its tests pass."""

import pytest

from tests.support.emulators import free_port
from tests.support.pages import Page, run

pytestmark = [pytest.mark.emulator, pytest.mark.long, pytest.mark.timeout(1200)]

CHECKS = (
    "ruff check --exclude .build .",
    "basedpyright",
    "python -m local --help",
    "python -m ops --help",
    "python -m pytest tests/unit tests/infrastructure tests/emulator/test_platform.py -m 'not long' -n 2 -q",
)


def test_a_platform_without_the_sample_runs_and_passes_its_tests(checkout):
    # given the page, and a copy of this checkout
    page = Page("make-it-yours.md")
    deletion, stacks, *running = page.commands
    assert run(deletion, checkout).returncode == 0

    # when its files are written and its commands are typed
    for name, content in page.files():
        (checkout / name).write_text(content)
    assert run(stacks, checkout).returncode == 0
    page.commands = running
    results = page.typed(checkout, free_port())

    # then all of them succeed, and two rows of three are clean
    assert [result.returncode for result in results] == [0] * len(results), [result.stderr for result in results]
    [line] = [line.split() for line in results[0].stdout.splitlines() if line.strip().startswith("deliveries ")]
    assert line[-3:] == ["2", "1", "0"]

    # and the demo says in one line that it has nothing to show
    demo = run("python -m local demo", checkout)
    assert demo.returncode == 1
    assert "this checkout has no sample" in demo.stderr

    # and what is checked and tested of the platform passes
    for command in CHECKS:
        result = run(command, checkout)
        assert result.returncode == 0, f"{command}\n{result.stdout[-5000:]}\n{result.stderr[-2000:]}"
