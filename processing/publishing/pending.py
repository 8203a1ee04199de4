"""Finds unmerged history files of a dataset.

It does not need pyiceberg, so a run without unmerged files does not load it.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from lake.keys import InboundObject, InvalidKeyError, parse_warehouse_key, warehouse_day_prefix, warehouse_prefix
from lake.object_index.publications import Publication, Publications
from processing.storage.store import ListedObject, Store

BATCH_BYTES: Final = 64 * 1024 * 1024
"""Bytes of parquet that one merge reads. Its rows in memory are about ten times as large."""


@dataclass(slots=True)
class Pending:
    """The objects to merge."""

    objects: list[Publication] = field(default_factory=list[Publication])
    """In the order of their landing days."""
    missed: int = 0
    """Number of them that only a full comparison found: not in the index, and outside the days that every run lists."""


def find_pending(
    store: Store, publications: Publications, dataset: str, days: Collection[date], *, compare_all: bool = False
) -> Pending:
    """Find unmerged objects from the index, and from differences between listings and the index.

    The index records a history file a moment after it was written, and misses it if the message was lost.

    Args:
        store: the lake.
        publications: the record of merges.
        dataset: name of the dataset.
        days: landing days whose history files are listed, beside those of the objects in the index.
        compare_all: list the history files of all days.
    """
    # In this order, because a file in the index that a later listing lacks was deleted.
    named = {each.key: each for each in publications.open_objects(dataset)}
    listed_days = {*days, *(each.landing_date for each in named.values())}
    prefixes = [warehouse_day_prefix(dataset, day) for day in sorted(listed_days)]
    if compare_all:
        prefixes = [warehouse_prefix(dataset)]
    listed = dict(history_files(store, prefixes))
    known = publications.of_objects([*named.values(), *listed])
    pending = Pending()
    for publication in sorted(known.values(), key=lambda each: (each.inbound.landing_date, each.inbound.key)):
        inbound = publication.inbound
        entry = listed.get(inbound)
        found = publication.with_history(entry.etag, entry.size) if entry else publication.without_history()
        if found.is_open:
            pending.objects.append(found)
            pending.missed += compare_all and inbound.key not in named and inbound.landing_date not in days
    return pending


def batches(objects: Sequence[Publication], most: int = BATCH_BYTES) -> Iterator[list[Publication]]:
    """Yield the objects in batches of at most so many bytes; a larger file is a batch of its own."""
    batch: list[Publication] = []
    size = 0
    for each in objects:
        if batch and size + each.size > most:
            yield batch
            batch, size = [], 0
        batch.append(each)
        size += each.size
    if batch:
        yield batch


def history_files(store: Store, prefixes: Collection[str]) -> Iterator[tuple[InboundObject, ListedObject]]:
    """Yield the history files under some prefixes, each with its object, in S3's order."""
    for prefix in prefixes:
        for listed in store.listing(prefix):
            try:
                yield parse_warehouse_key(listed.key), listed
            except InvalidKeyError:
                # Outside the lake's layout, so the platform did not write it.
                continue
