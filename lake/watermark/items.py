"""The watermark items in DynamoDB: a range of a table, the position after the last range, and the claim on a range."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from boto3.dynamodb.types import Binary


@dataclass(frozen=True, slots=True)
class Range:
    """The rows of an extraction, both ends included. None: the range has no end, or the table has no watermark."""

    lower: str | None
    upper: str | None


WHOLE_TABLE: Final = Range(None, None)


@dataclass(frozen=True, slots=True)
class Position:
    """The end of the last complete extraction. All values are None before the first one."""

    watermark: str | None = None
    object_key: str | None = None
    """The last object that was written."""
    columns: str | None = None
    """The table's columns at that time, as the extraction describes them."""
    boundary: bytes | None = None
    """The extraction's record of rows that the next range will read again."""
    source: str | None = None
    """The extraction's description of its declaration."""


@dataclass(frozen=True, slots=True)
class Extraction:
    """The right to extract a range of a table, and the key to write it to."""

    dataset: str
    sort_key: str
    range: Range
    object_key: str
    token: str
    lease_until: datetime
    position: Position
    is_resumed: bool
    """True if an earlier run began this extraction and did not complete it."""


def position_of(item: Mapping[str, Any] | None) -> Position:
    """Return the end of the last complete extraction in an item."""
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
    """Return the extraction in an item."""
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
