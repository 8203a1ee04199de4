"""Compares the object index with the lake's listing, day by day, and records the objects that differ."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from lake.keys import InboundObject, parse_inbound_key
from lake.object_index.index import ObjectIndex
from lake.object_index.items import IndexedObject
from lake.object_index.recorder import Recorder
from ops.reconcile.listing import LakeDay, Stored, lake_days
from ops.stack.days import Days
from ops.stack.object_index import TABLE, TOTALS, exported, index_of, totals_of
from ops.stack.target import Target


class Difference(StrEnum):
    """How the index differs from the lake in one object."""

    MISSING = "not in the index"
    UNCOUNTED = "not in the totals, because an earlier version recorded them"
    OUTDATED = "replaced since they were recorded"
    GONE = "in the index, but no longer in the lake"


@dataclass(slots=True)
class Compared:
    """One landing day of a dataset."""

    objects: int
    """Objects that the lake has."""
    differences: Mapping[InboundObject, Difference] = field(default_factory=dict[InboundObject, Difference])


def compare(target: Target, dataset: str, days: Days) -> Iterator[Compared]:
    """Compare the index with the lake: each landing day on which either of them has an object, one after the other.

    Args:
        target: the stack.
        dataset: its name.
        days: only the keys of these landing days are listed.
    """
    index = index_of(target)
    indexed_days = {
        day for day, totals in totals_of(target).of_days(dataset, days.first, days.last).items() if totals.objects
    }
    for in_lake in lake_days(target, dataset, days):
        indexed_days.discard(in_lake.day)
        yield _compared(index, dataset, in_lake)
    for day in sorted(indexed_days):
        yield _compared(index, dataset, LakeDay(day))


def differences(in_lake: LakeDay, indexed: Mapping[str, IndexedObject]) -> dict[InboundObject, Difference]:
    """The objects of a landing day in which the index differs from the lake.

    Args:
        in_lake: what the lake has.
        indexed: what the index has, by inbound key.
    """
    found: dict[InboundObject, Difference] = {}
    for key in sorted({*in_lake.landed, *in_lake.processed, *indexed}):
        difference = _difference(in_lake.landed.get(key), in_lake.processed.get(key), indexed.get(key))
        if difference is not None:
            found[parse_inbound_key(key)] = difference
    return found


def new_recorder(target: Target) -> Recorder:
    """Records objects as the lake has them now."""
    return Recorder(
        target.client("s3"),
        target.client("dynamodb"),
        bucket=target.bucket,
        index_table=exported(target, TABLE),
        totals_table=exported(target, TOTALS),
    )


def _compared(index: ObjectIndex, dataset: str, in_lake: LakeDay) -> Compared:
    indexed = {each.inbound.key: each for each in index.of_day(dataset, in_lake.day)}
    return Compared(len(in_lake.landed.keys() | in_lake.processed), differences(in_lake, indexed))


def _difference(landed: Stored | None, processed: Stored | None, indexed: IndexedObject | None) -> Difference | None:
    if indexed is None:
        return Difference.MISSING
    if landed is None and processed is None:
        return Difference.GONE
    if indexed.revision is None:
        return Difference.UNCOUNTED
    landing, processing = indexed.landing, indexed.processing
    as_recorded = (
        landing and (landing.etag, _whole_seconds(landing.landed_at)),
        processing and (processing.etag, _whole_seconds(processing.processed_at)),
    )
    as_it_is = tuple(stored and (stored.etag, _whole_seconds(stored.written_at)) for stored in (landed, processed))
    return None if as_recorded == as_it_is else Difference.OUTDATED


def _whole_seconds(moment: datetime) -> datetime:
    """S3 answers a HEAD request with whole seconds."""
    return moment.astimezone(UTC).replace(microsecond=0)
