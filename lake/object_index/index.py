"""Reads the object index, so that commands need not list the lake. Only the lake shows which objects are processed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final

from lake.object_index.items import (
    ARRIVED_AT,
    ATTENTION,
    BY_ATTENTION,
    BY_DAY,
    DATASET_DAY,
    OBJECT_KEY,
    Attention,
    IndexedObject,
    attention_of,
    dataset_day,
    object_of,
)
from lake.table import DynamoTable

if TYPE_CHECKING:
    # The stubs are installed only for development.
    from mypy_boto3_dynamodb import DynamoDBClient

_OF_DAY: Final = f"#{DATASET_DAY} = :day"
_OF_ATTENTION: Final = f"#{ATTENTION} = :attention"


class ObjectIndex:
    """Reads indexed objects. `get` and `get_all` return the current state; the other answers may lag by a moment.

    Args:
        client: a plain boto3 DynamoDB client.
        table: the table's name, which the stack exports as attributesTable.
    """

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._table = DynamoTable(client, table)

    def get(self, object_key: str) -> IndexedObject | None:
        """Return the indexed object of an inbound key. None if the index does not have it."""
        item = self._table.get({OBJECT_KEY: object_key})
        return None if item is None else object_of(item)

    def get_all(self, object_keys: Iterable[str]) -> Mapping[str, IndexedObject]:
        """Return many indexed objects, by inbound key. Makes one request for every 100 keys.

        Raises:
            TableTooSlowError: DynamoDB left keys unread in eight requests in a row.
        """
        items = self._table.get_all({OBJECT_KEY: key} for key in object_keys)
        return {known.inbound.key: known for item in items if (known := object_of(item)) is not None}

    def of_day(self, dataset: str, day: date) -> Iterator[IndexedObject]:
        """Yield a dataset's objects of one landing day, in the order of their arrival."""
        return self._objects(_OF_DAY, {"day": dataset_day(dataset, day)}, index=BY_DAY)

    def keys_of_day(self, dataset: str, day: date, beginning: str) -> Iterator[str]:
        """Yield the keys of a dataset's objects of one landing day that start with a prefix, ordered by arrival."""
        found = self._table.query(
            _OF_DAY,
            {"day": dataset_day(dataset, day), "beginning": beginning},
            only=f"begins_with(#{OBJECT_KEY}, :beginning)",
            index=BY_DAY,
            attribute=f"#{OBJECT_KEY}",
        )
        return (str(item[OBJECT_KEY]) for item in found)

    def newest_of_day(self, dataset: str, day: date) -> datetime | None:
        """Return when the newest of a dataset's objects of one landing day arrived. None if nothing arrived."""
        newest = self._table.query(
            _OF_DAY, {"day": dataset_day(dataset, day)}, index=BY_DAY, attribute=f"#{ARRIVED_AT}", last=1
        )
        return next((datetime.fromisoformat(item[ARRIVED_AT]) for item in newest), None)

    def waiting(self, dataset: str, most: int | None = None) -> Iterator[IndexedObject]:
        """Yield the dataset's unprocessed objects, the newest first.

        Args:
            dataset: the dataset's name.
            most: the largest number of objects to yield; None for all.
        """
        return self._of_attention(Attention.WAITING, dataset, most)

    def refused(self, dataset: str, most: int) -> Iterator[IndexedObject]:
        """Yield the dataset's objects with quarantined rows, the newest first, each with its row counts by rule.

        Args:
            dataset: the dataset's name.
            most: the largest number of objects to yield.
        """
        return self._of_attention(Attention.REFUSED, dataset, most)

    def _of_attention(self, attention: Attention, dataset: str, most: int | None) -> Iterator[IndexedObject]:
        values = {"attention": attention_of(attention, dataset)}
        return self._objects(_OF_ATTENTION, values, index=BY_ATTENTION, last=most)

    def _objects(
        self, condition: str, values: Mapping[str, Any], *, index: str, last: int | None = None
    ) -> Iterator[IndexedObject]:
        for item in self._table.query(condition, values, index=index, last=last):
            if (known := object_of(item)) is not None:
                yield known
