"""Work in threads: its order, its limits and its errors. No other module starts threads."""

import ast
import threading
from pathlib import Path

import pytest

from lake.threads import made_ahead, one_thread, repeated, side_by_side, worked_ahead

ROOT = Path(__file__).parents[3]
PARTS = ("lake", "functions", "processing", "jobs", "ops")
SECONDS = 10


class CutError(Exception):
    """The error of a reader or of a piece of work."""


def failing():
    yield 1
    raise CutError("cut")


def test_items_made_ahead_keep_their_order():
    assert list(made_ahead(iter(range(100)))) == list(range(100))


def test_results_keep_the_order_of_their_items():
    assert list(worked_ahead(lambda number: number * 2, range(100), threads=5)) == [2 * each for each in range(100)]


def test_as_many_items_are_worked_on_as_there_are_threads():
    # given work that ends only when three items are in progress
    together = threading.Barrier(3)

    # then
    assert len(list(worked_ahead(lambda _: together.wait(SECONDS), range(3), threads=3))) == 3


@pytest.mark.parametrize(("begun", "expected"), [(None, [0, 1, 2, 3]), (3, [0, 1, 2])])
def test_no_more_items_are_begun_than_allowed(begun, expected):
    # given
    read = []
    items = (read.append(each) or each for each in range(100))
    results = worked_ahead(lambda number: number, items, threads=2, begun=begun)

    # when
    next(results)

    # then
    assert read == expected


@pytest.mark.parametrize("way", [made_ahead, lambda items: worked_ahead(lambda item: item, items)])
def test_an_error_of_the_items_is_raised(way):
    with pytest.raises(CutError, match="cut"):
        list(way(failing()))


def test_an_error_of_the_work_is_raised():
    with pytest.raises(ZeroDivisionError):
        list(worked_ahead(lambda number: 1 // number, [1, 0, 1]))


def test_one_thread_does_one_thing_after_the_other():
    # given
    done = []

    # when
    with one_thread("test") as worker:
        for number in range(20):
            worker.submit(done.append, number)

    # then
    assert done == list(range(20))


def test_everything_that_several_readers_give_arrives():
    assert sorted(side_by_side([iter(range(100)), iter(range(100, 150)), iter([])])) == list(range(150))


@pytest.mark.parametrize("kind", [CutError, type("Panic", (BaseException,), {})])
def test_the_error_of_one_reader_ends_them_all(kind):
    # given
    def broken():
        yield 1
        raise kind("cut")

    def endless():
        while True:
            yield 2

    # when, then
    with pytest.raises(kind, match="cut"):
        list(side_by_side([broken(), endless()]))


@pytest.mark.parametrize("beside", [iter([1]), failing()])
def test_a_reader_that_gives_nothing_in_time_is_given_up(beside):
    # given a reader that waits forever
    released = threading.Event()

    def stalled():
        released.wait(SECONDS)
        yield 2

    # when, then
    with pytest.raises((TimeoutError, CutError), match=r"no answer within 0\.05 s|cut"):
        list(side_by_side([beside, stalled()], within=0.05))
    released.set()


def test_an_action_is_repeated_until_it_declines():
    # given an action that refuses the third time
    calls, declined = [], threading.Event()

    def action():
        calls.append(1)
        if len(calls) == 3:
            declined.set()
        return len(calls) < 3

    # when
    with repeated(action, 0.001):
        assert declined.wait(SECONDS)

    # then
    assert len(calls) == 3


def test_an_action_is_not_called_after_its_block():
    # given
    called = threading.Event()

    # when
    with repeated(lambda: called.set() or True, 0.001):
        assert called.wait(SECONDS)

    # then
    assert "repeated" not in {thread.name for thread in threading.enumerate()}


def test_nothing_else_makes_threads():
    makers = {
        str(file.relative_to(ROOT))
        for part in PARTS
        for file in (ROOT / part).rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Name | ast.Attribute)
        and getattr(node, "id", getattr(node, "attr", "")) in {"Thread", "ThreadPoolExecutor"}
    }
    assert makers == {"lake/threads.py"}
