"""The changes to index, column facts and totals that follow from a look at an object in the lake."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, Final

from lake.keys import InboundObject
from lake.object_index.columns import ObjectColumns, columns_item, columns_key
from lake.object_index.items import (
    ARRIVED_AT,
    EXPIRES_AT,
    MERGED_ETAG,
    MERGING_ETAG,
    OBJECT_KEY,
    PROGRESS,
    REVISION,
    TOMBSTONE_DAYS,
    UNPUBLISHED,
    IndexedObject,
    Progress,
    item_of,
    object_of,
)
from lake.object_index.lake_state import Found
from lake.object_index.publications import kept, unchanged
from lake.object_index.totals import (
    LATEST_LANDING,
    LATEST_WRITTEN,
    PARTITION_KEY,
    SORT_KEY,
    dataset_key,
    day_key,
    run_key,
)
from lake.table import Delete, Put, Update

ACTIONS_AN_OBJECT: Final = 6
"""Most items that one object changes: its own, its column facts, and the totals of its dataset, of its landing day, of
the run that processed it and of the run that processed it before.
"""
TotalsKey = tuple[str, str]
"""Partition key and sort key of an item of totals."""
_READ: Final = (REVISION, MERGING_ETAG, MERGED_ETAG)
"""Attributes that must still have the values that were read when the item is written."""


@dataclass(frozen=True)
class Change:
    """The change to one object."""

    inbound: InboundObject
    item: Mapping[str, Any]
    """The item as read before the look at the lake; empty if there was none."""
    found: Found

    @cached_property
    def before(self) -> IndexedObject | None:
        """The indexed object before the change; None if the index did not have it or the lake no longer had it."""
        return object_of(self.item) if self.item else None

    @cached_property
    def after(self) -> IndexedObject | None:
        """The indexed object after the change; None if the lake does not have it."""
        if self.found.landing is None and self.found.processing is None:
            return None
        return IndexedObject(
            inbound=self.inbound,
            landing=self.found.landing,
            processing=self.found.processing,
            revision=self._next_revision,
        )

    @property
    def is_needed(self) -> bool:
        """True if the index or the totals differ from the lake."""
        if self.item.get(UNPUBLISHED) != self._kept.get(UNPUBLISHED):
            return True
        if self.before is None or self.after is None:
            return self.before is not self.after
        return self.before.revision is None or replace(self.before, revision=0) != replace(self.after, revision=0)

    @property
    def counted(self) -> IndexedObject | None:
        """The object as the totals count it; None for an item that an earlier version of the platform wrote."""
        return self.before if self.before is not None and self.before.revision is not None else None

    @property
    def _next_revision(self) -> int:
        return int(self.item.get(REVISION, 0)) + 1

    def put(self, now: datetime) -> Put:
        """Return the write of the object's item."""
        item = self._tombstone(now) if self.after is None else item_of(self.after) | self._kept
        return Put(item, *unchanged({name: self.item.get(name) for name in _READ}))

    @property
    def _kept(self) -> dict[str, Any]:
        processing = self.found.processing
        return kept(self.item, self.inbound, processing and processing.etag)

    def _tombstone(self, now: datetime) -> dict[str, Any]:
        """Return the item of a deleted object.

        The tombstone stays for a while, so that a recorder that saw the object before its deletion fails its condition.
        It also stays until a merge has removed the object's rows from the published tables.
        """
        item = {OBJECT_KEY: self.inbound.key, PROGRESS: Progress.DELETED, REVISION: self._next_revision, **self._kept}
        if UNPUBLISHED in item:
            return item | {ARRIVED_AT: self.item.get(ARRIVED_AT, now.isoformat(timespec="milliseconds"))}
        return item | {EXPIRES_AT: int((now + timedelta(days=TOMBSTONE_DAYS)).timestamp())}

    def column_facts(self) -> Put | Delete | None:
        """Return the write of the object's column facts. None if they do not change."""
        processing = self.found.processing
        if processing is not None and self.found.columns:
            known = ObjectColumns(
                inbound=self.inbound,
                processed_at=processing.processed_at,
                rows=processing.rows_warehouse,
                columns=self.found.columns,
                left_out=self.found.columns_left_out,
            )
            return Put(columns_item(known))
        return Delete(columns_key(self.inbound)) if self.before is not None and self.before.processing else None


@dataclass(slots=True)
class _Delta:
    """The change to one item of totals."""

    counts: Counter[str] = field(default_factory=Counter[str])
    latest: dict[str, str] = field(default_factory=dict[str, str])
    """The least values of LATEST_LANDING and LATEST_WRITTEN that the item must have."""

    def add(self, known: IndexedObject, sign: int) -> None:
        for name, value in _contribution(known).items():
            self.counts[name] += sign * value
        if sign > 0:
            for name, value in _latest(known).items():
                self.latest[name] = max(value, self.latest.get(name, ""))


@dataclass(slots=True)
class Writes:
    """The writes of several changes; all or none of them must be made."""

    items: list[Put]
    facts: list[Put | Delete]
    _deltas: Mapping[TotalsKey, _Delta]

    @property
    def totals_keys(self) -> Iterator[Mapping[str, str]]:
        """Keys of the totals that the changes affect."""
        return ({PARTITION_KEY: pk, SORT_KEY: sk} for pk, sk in self._deltas)

    def of_totals(self, standing: Mapping[TotalsKey, Mapping[str, Any]]) -> Iterator[Update]:
        """Yield the writes of the totals.

        Args:
            standing: the existing items among totals_keys.
        """
        for (pk, sk), delta in self._deltas.items():
            item = standing.get((pk, sk), {})
            # Latest values only grow, so a value that is not greater than the one read needs no condition.
            latest = {name: value for name, value in delta.latest.items() if value > item.get(name, "")}
            counts = {name: value for name, value in delta.counts.items() if value}
            if latest or counts:
                sets = ", ".join(f"#{name} = :{name}" for name in latest)
                adds = ", ".join(f"#{name} :{name}" for name in counts)
                grows = [f"(attribute_not_exists(#{name}) OR #{name} < :{name})" for name in latest]
                yield Update(
                    {PARTITION_KEY: pk, SORT_KEY: sk},
                    " ".join(filter(None, (sets and f"SET {sets}", adds and f"ADD {adds}"))),
                    " AND ".join(grows) or None,
                    {**latest, **counts},
                )


def writes_of(changes: Sequence[Change], now: datetime | None = None) -> Writes:
    """Return the writes of the changes."""
    deltas: dict[TotalsKey, _Delta] = {}
    for change in changes:
        for known, sign in ((change.counted, -1), (change.after, 1)):
            if known is not None:
                for key in _totals_keys(known):
                    deltas.setdefault((key[PARTITION_KEY], key[SORT_KEY]), _Delta()).add(known, sign)
    moment = now or datetime.now(UTC)
    facts = [fact for change in changes if (fact := change.column_facts()) is not None]
    return Writes([change.put(moment) for change in changes], facts, deltas)


def _totals_keys(known: IndexedObject) -> Iterator[Mapping[str, str]]:
    dataset = known.inbound.dataset
    yield dataset_key(dataset)
    yield day_key(dataset, known.inbound.landing_date)
    if known.processing is not None:
        yield run_key(known.processing.run, dataset)


def _contribution(known: IndexedObject) -> Mapping[str, int]:
    """Return the counts that one object adds to each of its totals."""
    counts = {"objects": 1}
    if known.landing is not None:
        counts["bytes"] = known.landing.bytes
    if (processing := known.processing) is not None:
        counts |= {
            "processed": 1,
            "refused": int(processing.rows_quarantined > 0),
            "warehouse_bytes": processing.bytes,
            "rows_in": processing.rows_in,
            "rows_warehouse": processing.rows_warehouse,
            "rows_quarantined": processing.rows_quarantined,
            "rows_duplicate": processing.rows_duplicate,
        }
    return counts


def _latest(known: IndexedObject) -> Mapping[str, str]:
    latest: dict[str, str] = {}
    if known.landing is not None:
        latest[LATEST_LANDING] = known.landing.landed_at.isoformat(timespec="milliseconds")
    if known.processing is not None:
        written = known.processing.processed_at.isoformat(timespec="milliseconds")
        latest[LATEST_WRITTEN] = f"{written}#{known.processing.run}"
    return latest
