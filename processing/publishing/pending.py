"""What is to be merged into a dataset's published tables.

This does not need pyiceberg, so a run that finds nothing to merge does not load it.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from lake.keys import InboundObject, InvalidKeyError, parse_warehouse_key, warehouse_day_prefix, warehouse_prefix
from lake.object_index.publications import Publication, Publications
from processing.storage.store import ListedObject, Store

BATCH_BYTES: Final = 64 * 1024 * 1024
"""History that one merge reads, in bytes of parquet. Its rows are held in memory, which are some ten times as large."""


@dataclass(slots=True)
class Pending:
    """What is to be merged."""

    objects: list[Publication] = field(default_factory=list[Publication])
    """In the order of their landing days."""
    missed: int = 0
    """How many of them a full comparison found that the index did not name, without those of the days that each run
    lists."""


def find_pending(
    store: Store, publications: Publications, dataset: str, days: Collection[date], *, compare_all: bool = False
) -> Pending:
    """Find what is to be merged: what the index names, and what listings show that differs from the index.

    The index learns of a history file a moment after it was written, and would not learn of it if a message was lost.

    Args:
        store: the lake.
        publications: what was merged.
        dataset: its name.
        days: landing days whose history files are listed, beside those of the objects that the index names.
        compare_all: list the history files of all days.
    """
    # In this order: a file that the index names and a later listing does not have was deleted.
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
    """The objects in batches whose history files have so many bytes at most; a larger file is a batch of its own."""
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
    """The history files under some prefixes, each with its object, in S3's order."""
    for prefix in prefixes:
        for listed in store.listing(prefix):
            try:
                yield parse_warehouse_key(listed.key), listed
            except InvalidKeyError:
                # Not of the lake's layout: nothing of the platform wrote it.
                continue
