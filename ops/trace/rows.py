"""The search for a row by its key: in the warehouse, in the quarantine, and in what waits for the warehouse job."""

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Final, TypeVar

import polars as pl

from lake.keys import InboundObject
from lake.object_index.items import IndexedObject
from lake.object_index.totals import Totals
from lake.threads import worked_ahead
from ops.quarantine.rows import read_refused
from ops.stack.days import Days
from ops.stack.object_index import behind_in_words, index_of, totals_of, waiting_events
from ops.stack.target import Target
from ops.trace.model import REQUESTS_AT_ONCE, Progress
from processing.declaring.dataset import Dataset
from processing.tracing.keys import Key, has_key
from processing.tracing.rows import Refused, UnsearchableError, clean_rows, lines_of_object, refused_rows

MOST_OBJECTS: Final = 1_000
"""Objects that are searched where no first day is given."""

T = TypeVar("T")
Result = TypeVar("Result")


@dataclass(slots=True)
class Found:
    """Where a row is."""

    clean: list[tuple[InboundObject, pl.DataFrame]] = field(default_factory=list[tuple[InboundObject, pl.DataFrame]])
    """Its rows in each warehouse file that has some, in the order of their landing days."""
    refused: list[tuple[InboundObject, list[Refused]]] = field(
        default_factory=list[tuple[InboundObject, list[Refused]]]
    )
    waiting: list[tuple[InboundObject, list[int]]] = field(default_factory=list[tuple[InboundObject, list[int]]])
    """Lines in objects that no job has processed."""
    looked_at: list[str] = field(default_factory=list[str])
    """What was searched, in words."""
    not_read: list[str] = field(default_factory=list[str])
    """What was not searched, each with the reason."""
    is_partial: bool = False
    """Whether objects of other days were left out, which may have rows with the key, too."""

    def with_key(self, key: Key) -> "Found":
        """The clean rows that have a key, of what was found by a part of it."""
        rows = [(inbound, rows.filter(has_key(key))) for inbound, rows in self.clean]
        return Found(clean=[(inbound, mine) for inbound, mine in rows if mine.height], is_partial=self.is_partial)

    def __bool__(self) -> bool:
        return bool(self.clean or self.refused or self.waiting)


def find_rows(target: Target, dataset: Dataset, key: Key, days: Days, progress: Progress) -> Found:
    """Search the files of a dataset that landed on some days; without a first day, those of its newest objects."""
    found = Found(is_partial=days != Days())
    objects = _objects(target, dataset.name, days, found)
    done = [each.inbound for each in objects if each.processing is not None]
    waiting = [each.inbound for each in objects if each.processing is None]
    _search_warehouse(target, dataset, key, done, found, progress)
    _search_quarantine(target, dataset, key, done, found, progress)
    _search_waiting(target, dataset, key, waiting, found, progress)
    found.not_read += behind_in_words(waiting_events(target))
    return found


def _objects(target: Target, dataset: str, days: Days, found: Found) -> list[IndexedObject]:
    """The objects to search, in the order of their keys, which is that of their landing days."""
    totals = totals_of(target).of_days(dataset, days.first, days.last)
    chosen = [*totals] if days.first > date.min else newest_days_within(totals, MOST_OBJECTS)
    left_out = sum(of_day.objects for day, of_day in totals.items() if day not in chosen)
    if left_out:
        found.is_partial = True
        found.not_read.append(
            f"{left_out:,} objects that landed before {chosen[0]}; name the first day to search with --from"
        )
    index = index_of(target)
    by_day = worked_ahead(lambda day: [*index.of_day(dataset, day)], chosen, REQUESTS_AT_ONCE)
    return sorted((each for objects in by_day for each in objects), key=lambda each: each.inbound.key)


def newest_days_within(totals: Mapping[date, Totals], most: int) -> list[date]:
    """The newest days that have at most so many objects together, and at least one day, oldest first.

    Args:
        totals: of each day.
        most: objects.
    """
    chosen: list[date] = []
    objects = 0
    for day in sorted(totals, reverse=True):
        objects += totals[day].objects
        if chosen and objects > most:
            break
        chosen.append(day)
    return chosen[::-1]


def _search_warehouse(
    target: Target, dataset: Dataset, key: Key, files: Sequence[InboundObject], found: Found, progress: Progress
) -> None:
    s3 = target.client("s3")
    with tempfile.TemporaryDirectory(prefix="trace-") as folder:

        def search(numbered: tuple[int, InboundObject]) -> pl.DataFrame | str:
            number, inbound = numbered
            file = Path(folder) / f"{number}.parquet"
            s3.download_file(target.bucket, inbound.warehouse_key, str(file))
            try:
                return clean_rows(file, dataset, key)
            except UnsearchableError as error:
                return str(error)
            finally:
                file.unlink()

        for inbound, rows in zip(files, _counted(search, enumerate(files), len(files), progress), strict=True):
            if isinstance(rows, str):
                found.not_read.append(f"{inbound.warehouse_key}: {rows}")
            elif rows.height:
                found.clean.append((inbound, rows))
    found.looked_at.append(f"{len(files):,} history files")


def _search_quarantine(
    target: Target, dataset: Dataset, key: Key, files: Sequence[InboundObject], found: Found, progress: Progress
) -> None:
    def search(inbound: InboundObject) -> list[Refused]:
        return [*refused_rows(read_refused(target, inbound), dataset, key)]

    for inbound, refused in zip(files, _counted(search, files, len(files), progress), strict=True):
        if refused:
            found.refused.append((inbound, refused))
    found.looked_at.append(f"{len(files):,} quarantine files")


def _search_waiting(
    target: Target, dataset: Dataset, key: Key, objects: Sequence[InboundObject], found: Found, progress: Progress
) -> None:
    s3 = target.client("s3")

    def search(inbound: InboundObject) -> list[int] | str:
        try:
            return lines_of_object(s3, target.bucket, inbound.key, dataset, key)
        except UnsearchableError as error:
            return str(error)

    for inbound, lines in zip(objects, _counted(search, objects, len(objects), progress), strict=True):
        if isinstance(lines, str):
            found.not_read.append(f"{inbound.key}: {lines}")
        elif lines:
            found.waiting.append((inbound, lines))
    found.looked_at.append(f"{len(objects):,} unprocessed objects")


def _counted(search: Callable[[T], Result], items: Iterable[T], total: int, progress: Progress) -> Iterator[Result]:
    """What the search says of each item, in their order, several at once."""
    for number, result in enumerate(worked_ahead(search, items, REQUESTS_AT_ONCE), 1):
        progress(f"{number:,} of {total:,} files")
        yield result
