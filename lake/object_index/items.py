"""What the index knows of one object, and how its item in DynamoDB looks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final

from lake.keys import InboundObject, parse_inbound_key

OBJECT_KEY: Final = "object_key"
"""Partition key of the table: the key under inbound/."""
DATASET_DAY: Final = "dataset_day"
ARRIVED_AT: Final = "arrived_at"
BY_DAY: Final = "by_dataset_and_day"
"""Index by DATASET_DAY, in the order of ARRIVED_AT."""
ATTENTION: Final = "attention"
"""Only objects that wait for the warehouse job, and objects with refused rows, have this attribute."""
BY_ATTENTION: Final = "by_attention"
"""Index by ATTENTION, in the order of ARRIVED_AT."""
UNPUBLISHED: Final = "unpublished"
"""The dataset's name. Only objects whose history file is not the one that was merged have this attribute."""
BY_UNPUBLISHED: Final = "by_unpublished"
"""Index by UNPUBLISHED, in the order of ARRIVED_AT."""
INDEXES: Final = {BY_DAY: DATASET_DAY, BY_ATTENTION: ATTENTION, BY_UNPUBLISHED: UNPUBLISHED}
"""The table's indexes, each with its partition key. All are in the order of ARRIVED_AT."""
HISTORY_ETAG: Final = "warehouse_etag"
"""ETag of the object's file under warehouse/, its history file."""
MERGING_ETAG: Final = "merging_etag"
"""ETag of the history file whose merge began and did not end."""
MERGED_ETAG: Final = "merged_etag"
"""ETag of the history file that was merged into the published tables last."""
PROGRESS: Final = "progress"
EXPIRES_AT: Final = "expires_at"
"""Seconds since 1970 after which DynamoDB deletes the item. Only objects that the lake no longer has have it."""
# No recorder holds for so long what it read before the object was deleted.
TOMBSTONE_DAYS: Final = 2
REVISION: Final = "revision"
"""Number of writes to the item. An item without a revision is not in the totals: an earlier version wrote it."""


class Progress(StrEnum):
    """How far an object has come."""

    LANDED = "landed"
    PROCESSED = "processed"
    DELETED = "deleted"


class Attention(StrEnum):
    """Why a command or a person looks for an object."""

    WAITING = "waiting"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Landing:
    """The object under inbound/."""

    landed_at: datetime
    bytes: int
    etag: str
    checksum: str | None = None
    """Base64 of S3's SHA-256 or CRC-64/NVME; the sender's SHA-256 if S3 has neither."""
    rows: int | None = None
    """Rows, if the sender counted them."""
    columns: tuple[str, ...] | None = None
    """Names in a CSV's first line; None for other formats."""
    correlation_id: str | None = None
    """Id of the run that landed it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Processing:
    """The object's warehouse file, with the row accounting of the run that wrote the file."""

    processed_at: datetime
    bytes: int
    """Size of the warehouse file."""
    etag: str
    run: str
    rows_in: int
    rows_warehouse: int
    rows_quarantined: int
    rows_duplicate: int
    by_rule: Mapping[str, int] = field(default_factory=dict[str, int])
    """Quarantined rows by the rule that they broke. A row that broke two rules counts for both."""
    rules_left_out: int = 0
    """Rules that the warehouse file's metadata had no room for."""

    @property
    def balances(self) -> bool:
        """Whether every row is accounted for."""
        return self.rows_in == self.rows_warehouse + self.rows_quarantined + self.rows_duplicate


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexedObject:
    """What the lake had of one object when it was recorded. At least one of landing and processing is there."""

    inbound: InboundObject
    landing: Landing | None
    """None if the raw object no longer exists."""
    processing: Processing | None
    """None if no job has processed it, or its warehouse file no longer exists."""
    revision: int | None = None
    """Number of writes to the item; None if the item is not in the totals, because an earlier version wrote it."""

    @property
    def arrived_at(self) -> datetime:
        """When it landed; when it was processed if the raw object no longer exists."""
        if self.landing is not None:
            return self.landing.landed_at
        if self.processing is not None:
            return self.processing.processed_at
        raise ValueError(f"{self.inbound.key} was neither landed nor processed")

    @property
    def progress(self) -> Progress:
        """How far it has come."""
        return Progress.LANDED if self.processing is None else Progress.PROCESSED

    @property
    def attention(self) -> Attention | None:
        """Why somebody looks for it; None for a processed object without refused rows."""
        if self.processing is None:
            return Attention.WAITING
        return Attention.REFUSED if self.processing.rows_quarantined else None


def dataset_day(dataset: str, day: date) -> str:
    """Value of DATASET_DAY, such as "events#2026-11-23"."""
    return f"{dataset}#{day.isoformat()}"


def attention_of(attention: Attention, dataset: str) -> str:
    """Value of ATTENTION, such as "refused#events"."""
    return f"{attention}#{dataset}"


def item_of(known: IndexedObject) -> dict[str, Any]:
    """The item of an object."""
    inbound, landing, processing = known.inbound, known.landing, known.processing
    values: dict[str, Any] = {
        OBJECT_KEY: inbound.key,
        DATASET_DAY: dataset_day(inbound.dataset, inbound.landing_date),
        ARRIVED_AT: _text(known.arrived_at),
        ATTENTION: known.attention and attention_of(known.attention, inbound.dataset),
        "dataset": inbound.dataset,
        PROGRESS: known.progress,
        REVISION: known.revision,
    }
    if landing is not None:
        values |= {
            "bytes": landing.bytes,
            "etag": landing.etag,
            "checksum": landing.checksum,
            "row_count": landing.rows,
            "column_names": list(landing.columns) if landing.columns is not None else None,
            "correlation_id": landing.correlation_id,
        }
    if processing is not None:
        values |= {
            "processed_at": _text(processing.processed_at),
            "warehouse_bytes": processing.bytes,
            HISTORY_ETAG: processing.etag,
            "run": processing.run,
            "rows_in": processing.rows_in,
            "rows_warehouse": processing.rows_warehouse,
            "rows_quarantined": processing.rows_quarantined,
            "rows_duplicate": processing.rows_duplicate,
            "by_rule": dict(processing.by_rule),
            "rules_left_out": processing.rules_left_out or None,
        }
    return {name: value for name, value in values.items() if value is not None}


def object_of(item: Mapping[str, Any]) -> IndexedObject | None:
    """The object of an item, as item_of makes it and as earlier versions did; None if the lake no longer has it."""
    landing, processing = _landing(item), _processing(item)
    # Items of deleted objects have neither, and those without a revision may have either half.
    if landing is None and processing is None:
        return None
    return IndexedObject(
        inbound=parse_inbound_key(item[OBJECT_KEY]),
        landing=landing,
        processing=processing,
        revision=_number(item, REVISION),
    )


def _landing(item: Mapping[str, Any]) -> Landing | None:
    if "etag" not in item:
        return None
    columns = item.get("column_names")
    return Landing(
        landed_at=datetime.fromisoformat(item[ARRIVED_AT]),
        bytes=int(item["bytes"]),
        etag=item["etag"],
        checksum=item.get("checksum"),
        rows=_number(item, "row_count"),
        columns=None if columns is None else tuple(columns),
        correlation_id=item.get("correlation_id"),
    )


def _processing(item: Mapping[str, Any]) -> Processing | None:
    if "processed_at" not in item:
        return None
    return Processing(
        processed_at=datetime.fromisoformat(item["processed_at"]),
        bytes=int(item.get("warehouse_bytes", 0)),
        etag=item.get(HISTORY_ETAG, ""),
        run=item.get("run", ""),
        rows_in=int(item.get("rows_in", 0)),
        rows_warehouse=int(item.get("rows_warehouse", 0)),
        rows_quarantined=int(item.get("rows_quarantined", 0)),
        rows_duplicate=int(item.get("rows_duplicate", 0)),
        by_rule={rule: int(rows) for rule, rows in item.get("by_rule", {}).items()},
        rules_left_out=int(item.get("rules_left_out", 0)),
    )


def _number(item: Mapping[str, Any], name: str) -> int | None:
    return int(item[name]) if name in item else None


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")
