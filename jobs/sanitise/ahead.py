"""Items that are made in another thread while this one is busy: what polars does there takes no turns with Python."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

ItemT = TypeVar("ItemT")


def one_ahead(items: Iterator[ItemT]) -> Iterator[ItemT]:
    """The same items; while one is worked on, the next is made."""
    with ThreadPoolExecutor(1, thread_name_prefix="one-ahead") as maker:
        following = maker.submit(next, items, None)
        while (item := following.result()) is not None:
            following = maker.submit(next, items, None)
            yield item
