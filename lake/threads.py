"""The few ways in which the platform uses threads.

Threads help where Python's interpreter is not needed: during requests to AWS or a database, and in polars, numpy and
drivers. Each function ends its threads when it is done, and raises their errors where the results are used.
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
"""A result that a thread is still working on."""
_BEGUN_A_THREAD: Final = 2
_POLL_SECONDS: Final = 0.2


def start_daemon(action: Callable[[], object], name: str) -> None:
    """Run an action in a thread that ends with the process."""
    threading.Thread(target=action, name=name, daemon=True).start()


def one_thread(name: str) -> ThreadPoolExecutor:
    """Return an executor with one thread, which does the submitted tasks one after the other, in order."""
    return ThreadPoolExecutor(1, thread_name_prefix=name)


def made_ahead(items: Iterator[ItemT]) -> Iterator[ItemT]:
    """Yield the same items. While the caller uses one, a thread makes the next one."""
    with one_thread("made-ahead") as maker:
        following = maker.submit(next, items, None)
        while (item := following.result()) is not None:
            following = maker.submit(next, items, None)
            yield item


def worked_ahead(
    work: Callable[[ItemT], ResultT], items: Iterable[ItemT], threads: int = 2, begun: int | None = None
) -> Iterator[ResultT]:
    """Yield the result of the work on each item, in the order of the items.

    A limited number of items is begun, so memory does not grow with the number of items.

    Args:
        work: the function to call with each item.
        items: the items; this thread reads them when there is room.
        threads: number of items that are worked on at the same time.
        begun: number of items that are begun before a result is waited for; two per thread if not given.
    """
    with ThreadPoolExecutor(threads, thread_name_prefix="worked-ahead") as workers:
        following: deque[Future[ResultT]] = deque()
        for item in items:
            following.append(workers.submit(work, item))
            # One item per thread would do if all took equally long. A second one keeps the other threads busy if one is
            # slow.
            if len(following) == (begun or _BEGUN_A_THREAD * threads):
                yield following.popleft().result()
        for future in following:
            yield future.result()


def side_by_side(readers: Sequence[Iterator[ItemT]], within: float | None = None) -> Generator[ItemT]:
    """Yield the items of several readers, each read in its own thread, in any order.

    The first error of a reader stops the others and is raised.

    Args:
        readers: the iterators.
        within: seconds to wait for the next item of any reader; None to wait without a limit.

    Raises:
        TimeoutError: No reader returned an item in time. The threads cannot be stopped, but do not keep the process
            alive.
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
    """Call an action repeatedly in a thread of its own while the block runs.

    Args:
        action: returns True to be called again. It must handle its own errors: an error ends the calls.
        seconds: the time before the first call and between two calls.
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
    """Signals that a reader has no further items."""


class _Handover(Generic[ItemT]):
    """A queue with little room. No thread waits for room once reading has stopped."""

    def __init__(self, room: int) -> None:
        self._queue: queue.Queue[ItemT | BaseException | _Finished] = queue.Queue(maxsize=room)
        self._stopped = threading.Event()

    def drain(self, reader: Iterator[ItemT]) -> None:
        """Hand over all items of a reader, and the error that ends it."""
        try:
            for item in reader:
                if not self._put(item):
                    return
        # A panic in a native library is not an Exception. If it were lost here, the other side would wait forever.
        except BaseException as error:  # noqa: BLE001 - raised again where the items are used
            self._put(error)
        else:
            self._put(_Finished())

    def take(self, within: float | None) -> ItemT | BaseException | _Finished:
        """Return the next item.

        Raises:
            queue.Empty: No item arrived in time.
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
