"""What a step shows while it runs, on a terminal and without one."""

import io
import itertools
import time

import pytest
from rich.console import Console

from local.demo.steps import LONGEST_SILENCE, Steps
from ops.stack.terminal import PrintableConsole

WIDTH = 80
NAME = "Post events, like a website and a payment provider"
LONG = "created LayerVersion data-platform-local-functions-dependencies-of-a-long-name"


@pytest.fixture
def clock():
    """A clock whose every reading is a second later than the one before."""
    return itertools.count().__next__


def console(**options) -> Console:
    return PrintableConsole(file=io.StringIO(), width=WIDTH, **options)


def lines(shown: Console) -> list[str]:
    return shown.file.getvalue().splitlines()


def wait_for(condition):
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)  # between two polls


def test_step_shows_what_it_does_without_a_terminal(clock):
    # given a step that takes long
    shown = console()
    with Steps(shown, silence=0.001, clock=clock).step(NAME) as step:
        # when nothing else is printed
        step.tell("starting the embedded AWS")
        wait_for(lambda: any("starting" in line for line in lines(shown)))
        step.count(1_200, 2_400, "events")
        wait_for(lambda: any("1,200 of 2,400 events" in line for line in lines(shown)))

    # then each line names the step and how long it takes
    during, after = lines(shown)[:-1], lines(shown)[-1]
    assert all(line.startswith(f"  {NAME}") and line.endswith(" s") for line in during)
    assert after.startswith(f"✓ {NAME} ")


def test_step_is_never_silent_for_more_than_two_seconds():
    assert LONGEST_SILENCE <= 2.0


def test_step_that_is_short_prints_one_line(clock):
    shown = console()
    with Steps(shown, clock=clock).step(NAME) as step:
        step.outcome = "2,303 accepted"
    assert lines(shown) == [f"✓ {NAME}: 2,303 accepted 1.0 s"]


def test_step_changes_one_line_on_a_terminal(clock):
    # given
    shown = console(force_terminal=True, legacy_windows=False)
    with Steps(shown, clock=clock).step(NAME) as step:
        # when
        step.tell("first")
        wait_for(lambda: "first" in shown.file.getvalue())
        step.tell("second")
        wait_for(lambda: "second" in shown.file.getvalue())

    # then no line is left but that of the end
    assert shown.file.getvalue().count("\n") <= 3  # the cursor's, beside the step's own


@pytest.mark.parametrize("detail", [LONG, "a\x1b[2J", "a\nb", "é" * 100])
def test_line_of_a_step_fits_the_terminal(clock, detail):
    # given
    shown = console()
    with Steps(shown, silence=0.001, clock=clock).step(NAME) as step:
        step.tell(detail)
        wait_for(lambda: len(lines(shown)) > 1)
        step.outcome = detail

    # then
    assert all(len(line) <= WIDTH and line.isprintable() for line in lines(shown))


@pytest.mark.parametrize("length", range(WIDTH - 12, WIDTH + 3))
def test_duration_of_a_step_stays_on_one_line(clock, length):
    shown = console()
    with Steps(shown, clock=clock).step("Collect it") as step:
        step.outcome = "a " * 20 + "a" * (length - 52)
    assert lines(shown)[-1].endswith("1.0 s")
    assert all(len(line) <= WIDTH for line in lines(shown))


def test_step_that_fails_shows_no_end(clock):
    shown = console()
    steps = Steps(shown, clock=clock)
    with pytest.raises(ValueError, match="broken"), steps.step(NAME):
        raise ValueError("broken")
    assert "✓" not in shown.file.getvalue()
    assert steps.seconds == {}
