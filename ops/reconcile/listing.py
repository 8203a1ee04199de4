"""Lists a dataset's objects of some landing days in the lake, for comparison with the object index."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple

from lake.keys import (
    InboundObject,
    InvalidKeyError,
    inbound_prefix,
    parse_inbound_key,
    parse_warehouse_key,
    warehouse_prefix,
)
from ops.stack.days import Days
from ops.stack.target import Target


class Stored(NamedTuple):
    """An object in a listing."""

    bytes: int
    etag: str
    written_at: datetime


@dataclass(slots=True)
class LakeDay:
    """The lake's content for a landing day of a dataset, by inbound key."""

    day: date
    landed: dict[str, Stored] = field(default_factory=dict[str, Stored])
    """Objects under inbound/."""
    processed: dict[str, Stored] = field(default_factory=dict[str, Stored])
    """Files under warehouse/, by the inbound key of their object."""


def lake_days(target: Target, dataset: str, days: Days) -> Iterator[LakeDay]:
    """Yield the days on which objects of the dataset landed, oldest first. Memory holds one day at a time.

    Only the keys of these days are listed, because both prefixes are ordered by day.
    """
    landed = _of_days(target, inbound_prefix(dataset), f"{_first(days, '/')}/", parse_inbound_key, days)
    processed = _of_days(
        target, warehouse_prefix(dataset), f"landing_date={_first(days, '-')}/", parse_warehouse_key, days
    )
    by_day = [itertools.groupby(found, lambda each: each[0].landing_date) for found in (landed, processed)]
    heads = [next(groups, None) for groups in by_day]
    while found := [head[0] for head in heads if head is not None]:
        current = LakeDay(min(found))
        for number, into in enumerate((current.landed, current.processed)):
            head = heads[number]
            if head is not None and head[0] == current.day:
                into.update({inbound.key: stored for inbound, stored in head[1]})
                heads[number] = next(by_day[number], None)
        yield current


def _first(days: Days, between: str) -> str:
    return days.first.isoformat().replace("-", between)


def _of_days(
    target: Target, prefix: str, first: str, parse: Callable[[str], InboundObject], days: Days
) -> Iterator[tuple[InboundObject, Stored]]:
    """Yield the objects under a prefix that landed on some days, without keys outside the layout."""
    pages = (
        target.client("s3")
        .get_paginator("list_objects_v2")
        .paginate(Bucket=target.bucket, Prefix=prefix, StartAfter=prefix + first)
    )
    for entry in itertools.chain.from_iterable(page.get("Contents", []) for page in pages):
        try:
            inbound = parse(entry["Key"])
        except InvalidKeyError:
            continue
        if inbound.landing_date > days.last:
            return
        yield inbound, _stored(entry)


def _stored(entry: dict[str, Any]) -> Stored:
    return Stored(entry["Size"], entry["ETag"].strip('"'), entry["LastModified"])
