"""Work in other threads while this one is busy: what polars and numpy do there takes no turns with Python.

The order stays, and no more than a few items wait, so memory does not grow with their number.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, TypeVar

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")
# One would do if each item took as long as the next; several let the others go on while one takes longer.
_WAITING: Final = 4
_WORKERS: Final = 2


def made_ahead(items: Iterator[ItemT]) -> Iterator[ItemT]:
    """The same items; while one is worked on, the next few are made, in one thread."""
    with ThreadPoolExecutor(1, thread_name_prefix="made-ahead") as maker:
        following = deque(maker.submit(next, items, None) for _ in range(_WAITING))
        while (item := following.popleft().result()) is not None:
            following.append(maker.submit(next, items, None))
            yield item


def worked_ahead(work: Callable[[ItemT], ResultT], items: Iterable[ItemT]) -> Iterator[ResultT]:
    """What the work makes of each item, in their order; two threads work on the next few."""
    with ThreadPoolExecutor(_WORKERS, thread_name_prefix="worked-ahead") as workers:
        following: deque[Future[ResultT]] = deque()
        for item in items:
            following.append(workers.submit(work, item))
            if len(following) == _WAITING:
                yield following.popleft().result()
        for future in following:
            yield future.result()
