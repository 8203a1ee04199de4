"""Threads: the few ways in which work is done beside other work.

Threads help where the interpreter is not needed: while AWS or a database answers, and in polars, numpy and drivers.
Each of these ends its threads when it is done, and raises where the results are used what its threads raised.
"""

import queue
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Final, Generic, TypeVar

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")
Pending = Future
"""A result that a thread still works on."""
_WAITING_A_THREAD: Final = 2
_MADE_AHEAD: Final = 4
_POLL_SECONDS: Final = 0.2


def one_thread(name: str) -> ThreadPoolExecutor:
    """A thread that does what is submitted to it, one thing after the other, in that order."""
    return ThreadPoolExecutor(1, thread_name_prefix=name)


def made_ahead(items: Iterator[ItemT]) -> Iterator[ItemT]:
    """The same items; while one is worked on, one thread makes the next four.

    No more than these wait, so memory does not grow with their number.
    """
    with one_thread("made-ahead") as maker:
        following = deque(maker.submit(next, items, None) for _ in range(_MADE_AHEAD))
        while (item := following.popleft().result()) is not None:
            following.append(maker.submit(next, items, None))
            yield item


def worked_ahead(work: Callable[[ItemT], ResultT], items: Iterable[ItemT], threads: int = 2) -> Iterator[ResultT]:
    """The results of the work on each item, in the order of the items.

    No more than two items a thread wait, so memory does not grow with their number.

    Args:
        work: what to do with an item.
        items: read in this thread, as there is room.
        threads: how many items are worked on at once.
    """
    with ThreadPoolExecutor(threads, thread_name_prefix="worked-ahead") as workers:
        following: deque[Future[ResultT]] = deque()
        for item in items:
            following.append(workers.submit(work, item))
            # One a thread would do if each item took as long as the next; more keep the others busy if one is slow.
            if len(following) == _WAITING_A_THREAD * threads:
                yield following.popleft().result()
        for future in following:
            yield future.result()


def side_by_side(readers: Sequence[Iterator[ItemT]], within: float | None = None) -> Generator[ItemT]:
    """The items of several readers, each read in its own thread, in any order.

    The first error of a reader stops the others, and is raised.

    Args:
        readers: the iterators.
        within: seconds to wait for the next item of any reader; None waits without end.

    Raises:
        TimeoutError: no reader returned an item in time. Their threads cannot be ended; they do not keep the process.
    """
    handover = _Handover[ItemT](len(readers))
    threads = [threading.Thread(target=handover.drain, args=(reader,), daemon=True) for reader in readers]
    for thread in threads:
        thread.start()
    unfinished = len(readers)
    try:
        while unfinished:
            item = handover.take(within)
            if isinstance(item, BaseException):
                raise item
            if isinstance(item, _Finished):
                unfinished -= 1
            else:
                yield item
    except queue.Empty:
        threads.clear()
        raise TimeoutError(f"no answer within {within:g} s") from None
    finally:
        handover.stop()
        for thread in threads:
            thread.join(within)


@contextmanager
def repeated(action: Callable[[], bool], seconds: float) -> Generator[None]:
    """Call an action again and again in its own thread while the block runs.

    Args:
        action: returns whether to call it again. It handles its own errors: one that it raises ends the calls.
        seconds: between two calls, and before the first.
    """
    stopped = threading.Event()

    def call_until_stopped() -> None:
        while not stopped.wait(seconds) and action():
            pass

    thread = threading.Thread(target=call_until_stopped, name="repeated", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()


class _Finished:
    """Handed over by a reader that has no further items."""


class _Handover(Generic[ItemT]):
    """A queue with little room. Nobody waits at it once reading has stopped."""

    def __init__(self, room: int) -> None:
        self._queue: queue.Queue[ItemT | BaseException | _Finished] = queue.Queue(maxsize=room)
        self._stopped = threading.Event()

    def drain(self, reader: Iterator[ItemT]) -> None:
        """Hand over all items of a reader, and the error that ends it."""
        try:
            for item in reader:
                if not self._put(item):
                    return
        # A reader's panic is not an Exception. If it were lost here, the other side would wait for ever.
        except BaseException as error:  # noqa: BLE001 - raised again where the items are used
            self._put(error)
        else:
            self._put(_Finished())

    def take(self, within: float | None) -> ItemT | BaseException | _Finished:
        """The next item.

        Raises:
            queue.Empty: nothing came within so many seconds.
        """
        return self._queue.get(timeout=within)

    def stop(self) -> None:
        """Accept no further items."""
        self._stopped.set()

    def _put(self, item: ItemT | BaseException | _Finished) -> bool:
        while not self._stopped.is_set():
            try:
                self._queue.put(item, timeout=_POLL_SECONDS)
            except queue.Full:
                continue
            return True
        return False
