"""Which history files are in the published tables: of each object the file that was merged last, and is being merged.

A history file is an object's file under warehouse/; it is known by its ETag. The recorder writes what the lake has, the
merges write what they merged, both into the object's one item, and neither can undo what the other wrote meanwhile: the
recorder's write fails if a merge wrote in between, and a merge changes only its own attributes. The objects whose
history file is not the one that was merged have an attribute that others do not have, so one query finds them.
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
    # Its stubs are installed for development alone.
    from mypy_boto3_dynamodb import DynamoDBClient

SEVERAL: Final = "several"
"""Value of MERGING_ETAG if merges of different history files began and did not end."""
_BYTES: Final = "warehouse_bytes"


@dataclass(frozen=True, slots=True)
class Publication:
    """What the published tables have of one object."""

    inbound: InboundObject
    history: str | None
    """ETag of its history file; None if it has none, or if the index does not know yet."""
    merging: str | None = None
    """ETag of the file whose merge began and did not end, or SEVERAL."""
    merged: str | None = None
    """ETag of the file that was merged last."""
    size: int = 0
    """Bytes of its history file."""
    is_deleted: bool = False
    """Whether the lake has nothing of it any more."""

    @property
    def is_open(self) -> bool:
        """Whether there is something to merge: another file than the one that was, or a removed one."""
        return self.merging is not None or self.history != self.merged

    @property
    def is_begun(self) -> bool:
        """Whether the tables may have rows of it."""
        return self.merging is not None or self.merged is not None

    @property
    def is_replaced(self) -> bool:
        """Whether the tables may have rows of another history file than the one that it has now."""
        return any(etag not in (None, self.history) for etag in (self.merging, self.merged))

    def with_history(self, etag: str, size: int) -> Publication:
        """The same with the history file that a listing shows."""
        return replace(self, history=etag, size=size)

    def without_history(self) -> Publication:
        """The same of which a listing shows no history file."""
        return replace(self, history=None, size=0)

    def begun(self) -> Publication:
        """As it is once the merge of its history file begins."""
        before = self.merging or self.history
        return replace(self, merging=self.history if self.history is not None and before == self.history else SEVERAL)


class Publications:
    """Reads and writes what was merged.

    Args:
        client: a plain boto3 DynamoDB client.
        table: the object index, which the stack exports as attributesTable.
    """

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._table = DynamoTable(client, table)

    def open_objects(self, dataset: str) -> Iterator[InboundObject]:
        """Gives a dataset's objects that have something to merge. May be a moment old."""
        found = self._table.query(f"#{UNPUBLISHED} = :dataset", {"dataset": dataset}, index=BY_UNPUBLISHED)
        return (parse_inbound_key(item[OBJECT_KEY]) for item in found)

    def of_objects(self, objects: Iterable[InboundObject]) -> Mapping[str, Publication]:
        """Returns what the tables have of some objects as of now, by inbound key; 100 objects a request.

        An object that the index does not know has a publication that says so.
        """
        known = {each.key: Publication(each, None) for each in objects}
        items = self._table.get_all({OBJECT_KEY: key} for key in known)
        return known | {item[OBJECT_KEY]: publication_of(item) for item in items}

    def begin(self, before: Publication) -> Publication | None:
        """Write that the merge of an object's history file begins. The merge may begin only after this.

        Args:
            before: as it was read.

        Returns:
            As it is now; None if another merge wrote meanwhile: this one has to read again.
        """
        begun = before.begun()
        update = f"SET #{MERGING_ETAG} = :to, #{UNPUBLISHED} = :dataset"
        known = {MERGING_ETAG: before.merging, MERGED_ETAG: before.merged}
        condition, values = unchanged(known)
        values |= {"to": begun.merging, "dataset": before.inbound.dataset}
        return begun if self._update(before, update, condition, values) else None

    def end(self, begun: Publication) -> None:
        """Write that the merge that began so has ended. Nothing is written if another merge began meanwhile."""
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
        # If the recorder has seen another file by now, the object stays open.
        if not self._update(begun, f"{merged} {done}", f"{mine} AND #{HISTORY_ETAG} = :merged", values):
            self._update(begun, f"{merged} REMOVE #{MERGING_ETAG}", mine, values)

    def _update(self, known: Publication, update: str, condition: str, values: Mapping[str, Any]) -> bool:
        return self._table.update(Update({OBJECT_KEY: known.inbound.key}, update, condition, values)) is not None


def publication_of(item: Mapping[str, Any]) -> Publication:
    """The publication of an object's item."""
    return Publication(
        parse_inbound_key(item[OBJECT_KEY]),
        history=item.get(HISTORY_ETAG),
        merging=item.get(MERGING_ETAG),
        merged=item.get(MERGED_ETAG),
        size=int(item.get(_BYTES, 0)),
        is_deleted=item.get(PROGRESS) == Progress.DELETED,
    )


def kept(item: Mapping[str, Any], inbound: InboundObject, history: str | None) -> dict[str, Any]:
    """What the recorder's new item has to keep of the one that it replaces.

    Args:
        item: the item that it read; empty if there was none.
        inbound: the object.
        history: ETag of the history file that it found.
    """
    known = Publication(inbound, history, item.get(MERGING_ETAG), item.get(MERGED_ETAG))
    values = {
        MERGING_ETAG: known.merging,
        MERGED_ETAG: known.merged,
        UNPUBLISHED: inbound.dataset if known.is_open else None,
    }
    return {name: value for name, value in values.items() if value is not None}


def unchanged(known: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """A condition that some attributes are as they were read, None if they were not there; and its values."""
    conditions = [
        f"attribute_not_exists(#{name})" if value is None else f"#{name} = :{name}" for name, value in known.items()
    ]
    return " AND ".join(conditions), {name: value for name, value in known.items() if value is not None}
