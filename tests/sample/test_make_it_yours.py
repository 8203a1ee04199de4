"""The page that deletes the sample: afterwards the platform runs, and its tests pass."""

import re

import pytest
import typer

from ops.commands import app
from tests.support.emulators import free_port
from tests.support.pages import Page, run

pytestmark = [pytest.mark.emulator, pytest.mark.long, pytest.mark.timeout(3000)]

DELIVERED = ".local/sftp-source/root/outgoing/deliveries.csv"
# KEY is where the page's file landed.
OPERATOR_COMMANDS = (
    f"try datasets/deliveries.py {DELIVERED}",
    "status",
    "runs",
    "trace KEY",
    "redrive",
    "replay --dataset deliveries --object KEY --yes",
    "run mart --report parcels_by_town",
    "outputs --json",
    "events-key",
    "report",
    "access --principal logistics",
    "collect deliveries",
    "quarantine list",
    "quarantine show KEY",
    "quarantine release KEY --yes",
)
# The local stack does not run servers of its own, with the sample or without.
REFUSED_COMMAND = "sources stop"
# The environment is this one: what the Makefile would install is installed.
MAKE = "make --assume-old=.venv/.installed --assume-old=.venv/.development-installed"


@pytest.fixture
def page():
    return Page("make-it-yours.md")


@pytest.fixture
def yours(checkout, page):
    """A clone with an environment, after the page's steps 1 to 4: without the sample, with declarations of its own."""
    author = "-c user.name=reader -c user.email=reader@example.com"
    succeeds(f"git init -q && git add . && git {author} commit -q -m Begin", checkout)
    deletion, stacks, *page.commands = page.commands
    succeeds(deletion, checkout)
    for name, content in page.files():
        (checkout / name).write_text(content)
    succeeds(stacks, checkout)
    return checkout


def test_a_platform_without_the_sample_runs(yours, page):
    # when the next commands of the page are typed
    page.commands = page.commands[:1]
    [result] = page.typed(yours, free_port())

    # then all of them succeed, and two rows of three are clean
    assert result.returncode == 0, result.stderr
    [line] = [line.split() for line in result.stdout.splitlines() if line.strip().startswith("deliveries ")]
    assert line[-3:] == ["2", "1", "0"]

    # and every command of an operator works
    key = re.search(r"inbound/deliveries/[^\s:]+", result.stdout)[0]
    for words in OPERATOR_COMMANDS:
        succeeds(f"dataplatform {words.replace('KEY', key)}", yours)
    refused = run(f"dataplatform {REFUSED_COMMAND}", yours)
    assert "does not run source servers" in refused.stderr
    typed = {words.split()[0] for words in (*OPERATOR_COMMANDS, REFUSED_COMMAND)}
    assert typed == set(typer.main.get_command(app).commands)

    # and the demo says in one line that it has nothing to show
    demo = run("dataplatform demo", yours)
    assert demo.returncode == 1
    assert "the demo needs the sample, which this checkout does not have" in demo.stderr


def test_checks_and_tests_pass_without_the_sample(yours, page):
    # given the snapshots of the reader's own stacks
    succeeds(page.commands[-1], yours)

    # then
    succeeds(f"{MAKE} check", yours)
    succeeds(f"{MAKE} test", yours)


def succeeds(command, folder):
    """Type a command that has to succeed."""
    result = run(command, folder)
    assert result.returncode == 0, f"{command}\n{result.stdout[-8000:]}\n{result.stderr[-4000:]}"
