"""The object index in DynamoDB: what is known of each raw object. Never the authority on what is processed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from lake.table import DynamoTable, Update

if TYPE_CHECKING:
    # Its stubs are installed for development alone.
    from mypy_boto3_dynamodb import DynamoDBClient

OBJECT_KEY: Final = "object_key"
"""Partition key of the table: the key under inbound/."""
DATASET_DAY: Final = "dataset_day"
ARRIVED_AT: Final = "arrived_at"
INDEX: Final = "by_dataset_and_day"
"""Index by DATASET_DAY, in the order of ARRIVED_AT."""
_OF_DAY: Final = f"#{DATASET_DAY} = :day"
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


class ObjectIndex:
    """Writes and reads the index.

    Args:
        client: a plain boto3 DynamoDB client.
        table: the table's name.
    """

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._table = DynamoTable(client, table)

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
            condition="attribute_not_exists(#sequencer) OR #sequencer < :sequencer",
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
        condition = "attribute_not_exists(#processed_sequencer) OR #processed_sequencer < :processed_sequencer"
        return self._update(object_key, values, defaults={}, condition=condition)

    def get(self, object_key: str) -> dict[str, Any] | None:
        """Returns what is known of an object, None if nothing is recorded."""
        return self._table.get({OBJECT_KEY: object_key})

    def of_day(self, dataset: str, day: date) -> Iterator[dict[str, Any]]:
        """Gives what is known of a dataset's objects of one landing day, in the order of their arrival."""
        return self._table.query(_OF_DAY, {"day": dataset_day(dataset, day)}, index=INDEX)

    def newest_of_day(self, dataset: str, day: date) -> datetime | None:
        """When the newest of a dataset's objects of one landing day arrived; None if there is none."""
        newest = self._table.query(
            _OF_DAY, {"day": dataset_day(dataset, day)}, index=INDEX, attribute=f"#{ARRIVED_AT}", last=1
        )
        return next((datetime.fromisoformat(item[ARRIVED_AT]) for item in newest), None)

    def _update(
        self, object_key: str, values: Mapping[str, Any], *, defaults: Mapping[str, Any], condition: str
    ) -> bool:
        given = {name: value for name, value in values.items() if value is not None}
        assignments = [f"#{name} = :{name}" for name in given]
        assignments += [f"#{name} = if_not_exists(#{name}, :{name})" for name in defaults]
        write = Update({OBJECT_KEY: object_key}, f"SET {', '.join(assignments)}", condition, {**given, **defaults})
        return self._table.update(write) is not None


def dataset_day(dataset: str, day: date) -> str:
    """Value of the index's key, such as "events#2026-11-23"."""
    return f"{dataset}#{day.isoformat()}"


def _comparable(sequencer: str) -> str:
    """Sequencers are hexadecimal numbers of differing length: padded, they compare as text."""
    return sequencer.upper().zfill(_SEQUENCER_DIGITS)
