"""The index of objects in DynamoDB: what is known of each raw object. Never the authority on what is processed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    # Its stubs are installed for development alone.
    from mypy_boto3_dynamodb.service_resource import Table

OBJECT_KEY: Final = "object_key"
"""Partition key of the table: the key under inbound/."""
DATASET_DAY: Final = "dataset_day"
ARRIVED_AT: Final = "arrived_at"
INDEX: Final = "by_dataset_and_day"
"""Index by DATASET_DAY, in the order of ARRIVED_AT."""
_SEQUENCER_DIGITS: Final = 32


class Status(StrEnum):
    """How far an object has come. An object only goes forward."""

    LANDED = "landed"
    PROCESSED = "processed"


@dataclass(frozen=True, slots=True)
class Arrival:
    """What one event says of an object's creation, and what a look at the object adds."""

    object_key: str
    dataset: str
    day: date
    """Landing day, as the key has it."""
    arrived_at: datetime
    bytes: int
    etag: str
    sequencer: str
    """Hexadecimal; of two events on one key the one with the greater is the later."""
    checksum: str | None = None
    rows: int | None = None
    columns: tuple[str, ...] | None = None
    correlation_id: str | None = None
    """Of the run that landed it."""


class AttributesTable:
    """Writes and reads the index."""

    def __init__(self, table: "Table") -> None:
        self._table = table

    def record_arrival(self, arrival: Arrival) -> bool:
        """Record an object's creation. A repeated or overtaken event changes nothing.

        Returns:
            Whether it was new.
        """
        values: dict[str, Any] = {
            DATASET_DAY: dataset_day(arrival.dataset, arrival.day),
            ARRIVED_AT: arrival.arrived_at.isoformat(timespec="milliseconds"),
            "dataset": arrival.dataset,
            "bytes": arrival.bytes,
            "etag": arrival.etag,
            "sequencer": _comparable(arrival.sequencer),
            "checksum": arrival.checksum,
            "correlation_id": arrival.correlation_id,
            "row_count": arrival.rows,
            "column_names": list(arrival.columns) if arrival.columns is not None else None,
        }
        return self._update(
            arrival.object_key,
            values,
            defaults={"progress": Status.LANDED},
            condition="attribute_not_exists(sequencer) OR sequencer < :sequencer",
        )

    def record_processed(
        self, object_key: str, processed_at: datetime, sequencer: str, rows: Mapping[str, int]
    ) -> bool:
        """Record that an object's warehouse file was written. Order does not matter: its arrival may come later.

        Args:
            object_key: the inbound key.
            processed_at: when the file was written.
            sequencer: of the event on the warehouse file.
            rows: the row accounting: in, warehouse, quarantined, duplicate.

        Returns:
            Whether it was new.
        """
        values: dict[str, Any] = {
            "progress": Status.PROCESSED,
            "processed_at": processed_at.isoformat(timespec="milliseconds"),
            "processed_sequencer": _comparable(sequencer),
            **{f"rows_{name}": count for name, count in rows.items()},
        }
        condition = "attribute_not_exists(processed_sequencer) OR processed_sequencer < :processed_sequencer"
        return self._update(object_key, values, defaults={}, condition=condition)

    def of_day(self, dataset: str, day: date) -> Iterator[dict[str, Any]]:
        """What is known of a dataset's objects of one landing day, in the order of their arrival."""
        query: dict[str, Any] = {
            "IndexName": INDEX,
            "KeyConditionExpression": f"{DATASET_DAY} = :day",
            "ExpressionAttributeValues": {":day": dataset_day(dataset, day)},
        }
        while True:
            page = self._table.query(**query)
            yield from page["Items"]
            if "LastEvaluatedKey" not in page:
                return
            query["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def newest_of_day(self, dataset: str, day: date) -> datetime | None:
        """When the newest of a dataset's objects of one landing day arrived; None if there are none."""
        page = self._table.query(
            IndexName=INDEX,
            KeyConditionExpression=f"{DATASET_DAY} = :day",
            ExpressionAttributeValues={":day": dataset_day(dataset, day)},
            ProjectionExpression=ARRIVED_AT,
            ScanIndexForward=False,
            Limit=1,
        )
        return next((datetime.fromisoformat(str(item[ARRIVED_AT])) for item in page["Items"]), None)

    def _update(
        self, object_key: str, values: Mapping[str, Any], *, defaults: Mapping[str, Any], condition: str
    ) -> bool:
        given = {name: value for name, value in values.items() if value is not None}
        assignments = [f"{name} = :{name}" for name in given]
        assignments += [f"{name} = if_not_exists({name}, :{name})" for name in defaults]
        try:
            self._table.update_item(
                Key={OBJECT_KEY: object_key},
                UpdateExpression=f"SET {', '.join(assignments)}",
                ConditionExpression=condition,
                ExpressionAttributeValues={f":{name}": value for name, value in {**given, **defaults}.items()},
            )
        except self._table.meta.client.exceptions.ConditionalCheckFailedException:
            return False
        return True


def dataset_day(dataset: str, day: date) -> str:
    """Value of the index's key, such as "events#2026-11-23"."""
    return f"{dataset}#{day.isoformat()}"


def _comparable(sequencer: str) -> str:
    """Sequencers are hexadecimal numbers of differing length: padded, they compare as text."""
    return sequencer.upper().zfill(_SEQUENCER_DIGITS)
