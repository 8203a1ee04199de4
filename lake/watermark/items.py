"""The watermarks' items: a range of a table, the position after the last one, and the claim on one."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from boto3.dynamodb.types import Binary


@dataclass(frozen=True, slots=True)
class Range:
    """The rows that an extraction takes, both ends included. None is no end, or no watermark at all."""

    lower: str | None
    upper: str | None


WHOLE_TABLE: Final = Range(None, None)


@dataclass(frozen=True, slots=True)
class Position:
    """Where the last complete extraction left off. All None before the first."""

    watermark: str | None = None
    object_key: str | None = None
    """The last object that was written."""
    columns: str | None = None
    """The table's columns then, as the extraction describes them."""
    boundary: bytes | None = None
    """What the extraction remembers of the rows that the next range will meet again."""
    source: str | None = None
    """What was extracted, as the extraction describes its declaration."""


@dataclass(frozen=True, slots=True)
class Extraction:
    """The right to extract a range of a table, and where to."""

    dataset: str
    sort_key: str
    range: Range
    object_key: str
    token: str
    lease_until: datetime
    position: Position
    is_resumed: bool
    """Whether it was begun by a run that did not complete it."""


def position_of(item: Mapping[str, Any] | None) -> Position:
    """Where the last complete extraction of an item left off."""
    if item is None:
        return Position()
    boundary: Binary | None = item.get("boundary")
    return Position(
        watermark=item.get("watermark"),
        object_key=item.get("last_object_key"),
        columns=item.get("columns"),
        boundary=None if boundary is None else boundary.value,  # pyright: ignore[reportAttributeAccessIssue] - its stub lacks it
        source=item.get("source"),
    )


def extraction_of(dataset: str, sort_key: str, item: Mapping[str, Any]) -> Extraction:
    """The extraction that an item tells of."""
    return Extraction(
        dataset=dataset,
        sort_key=sort_key,
        range=Range(item["lower"], item["upper"]),
        object_key=item["object_key"],
        token=item["token"],
        lease_until=datetime.fromisoformat(item["lease_until"]),
        position=position_of(item),
        is_resumed=int(item["attempts"]) > 1,
    )
