"""Reads the object index. What is processed is decided by the lake; the index spares commands a listing of the lake."""

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
    # Its stubs are installed for development alone.
    from mypy_boto3_dynamodb import DynamoDBClient

_OF_DAY: Final = f"#{DATASET_DAY} = :day"
_OF_ATTENTION: Final = f"#{ATTENTION} = :attention"


class ObjectIndex:
    """Reads what is known of objects. Answers about many objects may be a moment old, that about one is not.

    Args:
        client: a plain boto3 DynamoDB client.
        table: the table's name, which the stack exports as attributesTable.
    """

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._table = DynamoTable(client, table)

    def get(self, object_key: str) -> IndexedObject | None:
        """Returns what is known of the object of an inbound key, None if nothing is recorded."""
        item = self._table.get({OBJECT_KEY: object_key})
        return None if item is None else object_of(item)

    def get_all(self, object_keys: Iterable[str]) -> Mapping[str, IndexedObject]:
        """Returns what is known of many objects, by inbound key; 100 keys a request.

        Raises:
            TableTooSlowError: DynamoDB left keys unread again and again.
        """
        items = self._table.get_all({OBJECT_KEY: key} for key in object_keys)
        return {known.inbound.key: known for item in items if (known := object_of(item)) is not None}

    def of_day(self, dataset: str, day: date) -> Iterator[IndexedObject]:
        """Gives a dataset's objects of one landing day, in the order of their arrival."""
        return self._objects(_OF_DAY, {"day": dataset_day(dataset, day)}, index=BY_DAY)

    def keys_of_day(self, dataset: str, day: date, beginning: str) -> Iterator[str]:
        """Gives the keys of a dataset's objects of one landing day that begin so, in the order of their arrival."""
        found = self._table.query(
            _OF_DAY,
            {"day": dataset_day(dataset, day), "beginning": beginning},
            only=f"begins_with(#{OBJECT_KEY}, :beginning)",
            index=BY_DAY,
            attribute=f"#{OBJECT_KEY}",
        )
        return (str(item[OBJECT_KEY]) for item in found)

    def newest_of_day(self, dataset: str, day: date) -> datetime | None:
        """When the newest of a dataset's objects of one landing day arrived; None if nothing arrived."""
        newest = self._table.query(
            _OF_DAY, {"day": dataset_day(dataset, day)}, index=BY_DAY, attribute=f"#{ARRIVED_AT}", last=1
        )
        return next((datetime.fromisoformat(item[ARRIVED_AT]) for item in newest), None)

    def waiting(self, dataset: str, most: int | None = None) -> Iterator[IndexedObject]:
        """Gives the dataset's objects that landed and have no warehouse file, the newest first.

        Args:
            dataset: its name.
            most: give at most so many; all if not given.
        """
        return self._of_attention(Attention.WAITING, dataset, most)

    def refused(self, dataset: str, most: int) -> Iterator[IndexedObject]:
        """Gives the dataset's objects that have rows in the quarantine, the newest first, with the rows of each rule.

        Args:
            dataset: its name.
            most: give at most so many.
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
