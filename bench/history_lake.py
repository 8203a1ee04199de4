"""A lake with a history of some days, in the embedded AWS: objects, index, catalogue and published tables."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from bench.history_data import EXPORTS, delivered, exported, history_rows, inbound_of, readings
from lake.keys import InboundObject
from lake.object_index.recorder import Recorder
from lake.warehouse_metadata import WarehouseMetadata
from ops.stack.target import Target, local_session
from processing.storage.parquet import MEDIA_TYPE, parquet_bytes
from tests.support.index_tables import IndexTables, create_index_tables

REGION: Final = "eu-west-1"
_MOST_KEYS: Final = 1_000


@dataclass(frozen=True)
class Lake:
    """One dataset's lake of some size."""

    endpoint: str
    """Of the embedded AWS, or of a proxy before it."""
    dataset: str
    days: int
    """Of history before today."""
    each_day: int
    """Rows of the export, or objects of the stream."""
    full: int
    """The same of the history that this one is a small copy of."""

    @property
    def name(self) -> str:
        """Its bucket's name, and the beginning of its tables' names."""
        return f"history-{self.dataset}-{self.days}"

    @property
    def database(self) -> str:
        """Its database in the catalogue."""
        return self.name.replace("-", "_")

    @property
    def tables(self) -> IndexTables:
        """Names of the object index's tables."""
        return IndexTables(f"{self.name}-attributes", f"{self.name}-totals")

    @cached_property
    def target(self) -> Target:
        """As a command has it."""
        exports = {"lakeBucket": self.name, "attributesTable": self.tables.index, "totalsTable": self.tables.totals}
        return Target("local", exports, local_session(REGION), self.endpoint)

    def client(self, service: str) -> Any:  # noqa: ANN401 - as boto3 makes it
        """The client of a service."""
        return self.target.client(service)

    def create(self) -> None:
        """Make the bucket, the index and the database."""
        self.client("s3").create_bucket(Bucket=self.name, CreateBucketConfiguration={"LocationConstraint": REGION})
        create_index_tables(self.client("dynamodb"), self.name)
        self.client("glue").create_database(DatabaseInput={"Name": self.database})

    def discard(self) -> None:
        """Delete the objects: the embedded AWS holds them in memory."""
        s3 = self.client("s3")
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=self.name):
            keys = [{"Key": entry["Key"]} for entry in page.get("Contents", [])]
            for start in range(0, len(keys), _MOST_KEYS):
                s3.delete_objects(Bucket=self.name, Delete={"Objects": keys[start : start + _MOST_KEYS]})

    def land(self, day: int, today: date) -> None:
        """Land what is delivered on a day."""
        objects = [inbound for inbound, content in self._delivery(day, today) if self._put(inbound.key, content)]
        self.record(objects)

    def land_processed(self, day: int, today: date, copies: Path | None) -> Sequence[InboundObject]:
        """Land what was delivered on an earlier day, as the warehouse job left it. Returns the objects.

        The raw objects are only there to be listed: nothing reads them again, and all of them would fill the memory.

        Args:
            day: before today.
            today: the day of the bench.
            copies: the folder of a `FolderStore`, which gets the history files as well.
        """
        objects: list[InboundObject] = []
        for number, inbound in enumerate(self._objects(day, today)):
            at = datetime.combine(inbound.landing_date, datetime.min.time(), UTC)
            frame = history_rows(self.dataset, self._rows(day, number, today), inbound, at)
            content = parquet_bytes(frame)
            told = WarehouseMetadata(
                run="setup", rows_in=frame.height, rows_warehouse=frame.height, rows_quarantined=0, rows_duplicate=0
            )
            self._put(inbound.key, b"-")
            self._put(inbound.warehouse_key, content, told.encoded())
            if copies is not None:
                file = copies / "objects" / inbound.warehouse_key
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(content)
            objects.append(inbound)
        self.record(objects)
        return objects

    def record(self, objects: Sequence[InboundObject]) -> None:
        """Bring the index to what the lake has of some objects, as the recorder does on S3's events."""
        recorded = Recorder(
            self.client("s3"),
            self.client("dynamodb"),
            bucket=self.name,
            index_table=self.tables.index,
            totals_table=self.tables.totals,
        ).record(objects, rewrite=True)
        if recorded.failed:
            raise RuntimeError(str(recorded.failed))

    def objects(self, day: int, today: date) -> list[InboundObject]:
        """A day's objects."""
        return [*self._objects(day, today)]

    def _objects(self, day: int, today: date) -> Iterator[InboundObject]:
        count = 1 if self.dataset == EXPORTS else self.each_day
        return (inbound_of(self.dataset, day, number, today) for number in range(count))

    def _rows(self, day: int, number: int, today: date) -> Any:  # noqa: ANN401 - a frame
        if self.dataset == EXPORTS:
            return exported(day, self.each_day)
        return readings(day, self.each_day, number, today)

    def _delivery(self, day: int, today: date) -> Iterator[tuple[InboundObject, bytes]]:
        for number, inbound in enumerate(self._objects(day, today)):
            yield inbound, delivered(self.dataset, self._rows(day, number, today))

    def _put(self, key: str, content: bytes, metadata: dict[str, str] | None = None) -> bool:
        self.client("s3").put_object(
            Bucket=self.name, Key=key, Body=content, ContentType=MEDIA_TYPE, Metadata=metadata or {}
        )
        return True


def lake_of(words: Sequence[str]) -> Lake:
    """The lake that a command line names: ENDPOINT DATASET DAYS EACH_DAY FULL."""
    endpoint, dataset, days, each_day, full = words
    return Lake(endpoint, dataset, int(days), int(each_day), int(full))
