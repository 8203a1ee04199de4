"""Tracks which history file of each object was merged last into the published tables, and which is being merged.

A history file is an object's file under warehouse/; its ETag identifies it. The recorder writes the state of the lake
and merges write their progress, both into the object's one item. Neither can undo the other's write: the recorder's
write fails if a merge wrote since the read, and a merge changes only its own attributes. Unmerged objects are those
whose history file differs from the merged one. Only they have the attribute UNPUBLISHED, so one query finds them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from lake.keys import InboundObject, parse_inbound_key
from lake.object_index.items import (
    BY_UNPUBLISHED,
    EXPIRES_AT,
    HISTORY_ETAG,
    MERGED_ETAG,
    MERGING_ETAG,
    OBJECT_KEY,
    PROGRESS,
    TOMBSTONE_DAYS,
    UNPUBLISHED,
    Progress,
)
from lake.table import DynamoTable, Update

if TYPE_CHECKING:
    # The stubs are installed only for development.
    from mypy_boto3_dynamodb import DynamoDBClient

SEVERAL: Final = "several"
"""Value of MERGING_ETAG if merges of different history files began and did not end."""
_BYTES: Final = "warehouse_bytes"


@dataclass(frozen=True, slots=True)
class Publication:
    """The history file of one object, and the files that were merged."""

    inbound: InboundObject
    history: str | None
    """ETag of the object's history file; None if it does not exist or the index does not know it yet."""
    merging: str | None = None
    """ETag of the history file whose merge began and did not end, or SEVERAL."""
    merged: str | None = None
    """ETag of the history file that was merged last."""
    size: int = 0
    """Size of the history file in bytes."""
    is_deleted: bool = False
    """True if the lake no longer has the object."""

    @property
    def is_open(self) -> bool:
        """True if a merge is due: the history file differs from the merged one, or its last merge did not end."""
        return self.merging is not None or self.history != self.merged

    @property
    def is_begun(self) -> bool:
        """True if the tables may contain rows of the object."""
        return self.merging is not None or self.merged is not None

    @property
    def is_replaced(self) -> bool:
        """True if the tables may contain rows of another history file than the object's current one."""
        return any(etag not in (None, self.history) for etag in (self.merging, self.merged))

    def with_history(self, etag: str, size: int) -> Publication:
        """Return a copy with the history file that a listing shows."""
        return replace(self, history=etag, size=size)

    def without_history(self) -> Publication:
        """Return a copy for an object without a history file in a listing."""
        return replace(self, history=None, size=0)

    def begun(self) -> Publication:
        """Return a copy in which the merge of the history file has begun."""
        before = self.merging or self.history
        return replace(self, merging=self.history if self.history is not None and before == self.history else SEVERAL)


class Publications:
    """Reads and writes which history files were merged.

    Args:
        client: a plain boto3 DynamoDB client.
        table: name of the object index, which the stack exports as attributesTable.
    """

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._table = DynamoTable(client, table)

    def open_objects(self, dataset: str) -> Iterator[InboundObject]:
        """Yield a dataset's unmerged objects. The answer may lag by a moment."""
        found = self._table.query(f"#{UNPUBLISHED} = :dataset", {"dataset": dataset}, index=BY_UNPUBLISHED)
        return (parse_inbound_key(item[OBJECT_KEY]) for item in found)

    def of_objects(self, objects: Iterable[InboundObject]) -> Mapping[str, Publication]:
        """Return the current publications of objects, by inbound key. Makes one request for every 100 objects.

        An object that is not in the index gets a publication without a history file.
        """
        known = {each.key: Publication(each, None) for each in objects}
        items = self._table.get_all({OBJECT_KEY: key} for key in known)
        return known | {item[OBJECT_KEY]: publication_of(item) for item in items}

    def begin(self, before: Publication) -> Publication | None:
        """Record that the merge of an object's history file begins. The merge must not begin before this call returns.

        Args:
            before: the publication as read.

        Returns:
            The publication as written. None if another merge wrote since the read; the caller has to read again.
        """
        begun = before.begun()
        update = f"SET #{MERGING_ETAG} = :to, #{UNPUBLISHED} = :dataset"
        known = {MERGING_ETAG: before.merging, MERGED_ETAG: before.merged}
        condition, values = unchanged(known)
        values |= {"to": begun.merging, "dataset": before.inbound.dataset}
        return begun if self._update(before, update, condition, values) else None

    def end(self, begun: Publication) -> None:
        """Record that a merge has ended. Writes nothing if another merge has begun since."""
        mine = f"#{MERGING_ETAG} = :mine"
        values = {"mine": begun.merging}
        done = f"REMOVE #{MERGING_ETAG}, #{UNPUBLISHED}"
        if begun.history is None:
            gone = f"{mine} AND attribute_not_exists(#{HISTORY_ETAG})"
            if begun.is_deleted:
                expires = {"at": int((datetime.now(UTC) + timedelta(days=TOMBSTONE_DAYS)).timestamp())}
                update = f"{done}, #{MERGED_ETAG} SET #{EXPIRES_AT} = :at"
                condition = f"{gone} AND #{PROGRESS} = :deleted"
                if self._update(begun, update, condition, values | expires | {"deleted": Progress.DELETED}):
                    return
            if not self._update(begun, f"{done}, #{MERGED_ETAG}", gone, values):
                self._update(begun, f"REMOVE #{MERGING_ETAG}, #{MERGED_ETAG}", mine, values)
            return
        values |= {"merged": begun.history}
        merged = f"SET #{MERGED_ETAG} = :merged"
        # If the recorder has seen another history file since, the object stays unmerged.
        if not self._update(begun, f"{merged} {done}", f"{mine} AND #{HISTORY_ETAG} = :merged", values):
            self._update(begun, f"{merged} REMOVE #{MERGING_ETAG}", mine, values)

    def _update(self, known: Publication, update: str, condition: str, values: Mapping[str, Any]) -> bool:
        return self._table.update(Update({OBJECT_KEY: known.inbound.key}, update, condition, values)) is not None


def publication_of(item: Mapping[str, Any]) -> Publication:
    """Return the publication in an object's item."""
    return Publication(
        parse_inbound_key(item[OBJECT_KEY]),
        history=item.get(HISTORY_ETAG),
        merging=item.get(MERGING_ETAG),
        merged=item.get(MERGED_ETAG),
        size=int(item.get(_BYTES, 0)),
        is_deleted=item.get(PROGRESS) == Progress.DELETED,
    )


def kept(item: Mapping[str, Any], inbound: InboundObject, history: str | None) -> dict[str, Any]:
    """Return the attributes that the recorder's new item must keep from the item that it replaces.

    Args:
        item: the item as the recorder read it; empty if there was none.
        inbound: the object.
        history: ETag of the history file that the recorder found.
    """
    known = Publication(inbound, history, item.get(MERGING_ETAG), item.get(MERGED_ETAG))
    values = {
        MERGING_ETAG: known.merging,
        MERGED_ETAG: known.merged,
        UNPUBLISHED: inbound.dataset if known.is_open else None,
    }
    return {name: value for name, value in values.items() if value is not None}


def unchanged(known: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the condition, with its values, that attributes still have the values read (None: do not exist)."""
    conditions = [
        f"attribute_not_exists(#{name})" if value is None else f"#{name} = :{name}" for name, value in known.items()
    ]
    return " AND ".join(conditions), {name: value for name, value in known.items() if value is not None}
