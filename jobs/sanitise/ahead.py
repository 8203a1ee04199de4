"""Items that are made in another thread while this one is busy: what polars does there takes no turns with Python."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

ItemT = TypeVar("ItemT")
# One would do if each item took as long as the next one; several let the maker go on while one item takes longer.
_WAITING: Final = 4


def made_ahead(items: Iterator[ItemT]) -> Iterator[ItemT]:
    """The same items; while one is worked on, the next few are made."""
    with ThreadPoolExecutor(1, thread_name_prefix="made-ahead") as maker:
        following = deque(maker.submit(next, items, None) for _ in range(_WAITING))
        while (item := following.popleft().result()) is not None:
            following.append(maker.submit(next, items, None))
            yield item
