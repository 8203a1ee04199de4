"""A lake in the embedded AWS with a history of some days: objects, index, catalogue and published tables."""

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
    """Lake of one dataset with a history of a given size."""

    endpoint: str
    """Address of the embedded AWS, or of a proxy in front of it."""
    dataset: str
    days: int
    """Days of history before today."""
    each_day: int
    """Rows of the export, or objects of the stream."""
    full: int
    """`each_day` of the full history, of which this one may be a small copy."""

    @property
    def name(self) -> str:
        """Name of the bucket, and prefix of its tables' names."""
        return f"history-{self.dataset}-{self.days}"

    @property
    def database(self) -> str:
        """Name of the database in the catalogue."""
        return self.name.replace("-", "_")

    @property
    def tables(self) -> IndexTables:
        """Names of the object index's tables."""
        return IndexTables(f"{self.name}-attributes", f"{self.name}-totals")

    @cached_property
    def target(self) -> Target:
        """The stack as a command would find it."""
        exports = {"lakeBucket": self.name, "attributesTable": self.tables.index, "totalsTable": self.tables.totals}
        return Target("local", exports, local_session(REGION), self.endpoint)

    def client(self, service: str) -> Any:  # noqa: ANN401 - as boto3 makes it
        """Return a client of a service."""
        return self.target.client(service)

    def create(self) -> None:
        """Create the bucket, the index and the database."""
        self.client("s3").create_bucket(Bucket=self.name, CreateBucketConfiguration={"LocationConstraint": REGION})
        create_index_tables(self.client("dynamodb"), self.name)
        self.client("glue").create_database(DatabaseInput={"Name": self.database})

    def discard(self) -> None:
        """Delete the objects, because the embedded AWS holds them in memory."""
        s3 = self.client("s3")
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=self.name):
            keys = [{"Key": entry["Key"]} for entry in page.get("Contents", [])]
            for start in range(0, len(keys), _MOST_KEYS):
                s3.delete_objects(Bucket=self.name, Delete={"Objects": keys[start : start + _MOST_KEYS]})

    def land(self, day: int, today: date) -> None:
        """Land the objects of a day."""
        objects = [inbound for inbound, content in self._delivery(day, today) if self._put(inbound.key, content)]
        self.record(objects)

    def land_processed(self, day: int, today: date, copies: Path | None) -> Sequence[InboundObject]:
        """Land an earlier day's objects with their history files, as the warehouse job would. Return the objects.

        The inbound objects have no content: they are listed but never read again, and would fill the memory.

        Args:
            day: day before today.
            today: the day of the benchmark.
            copies: folder of a `FolderStore` that also receives the history files.
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
        """Update the index for some objects, as the recorder does on S3's events."""
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
        """Return a day's objects."""
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
    """Return the lake given on the command line: ENDPOINT DATASET DAYS EACH_DAY FULL."""
    endpoint, dataset, days, each_day, full = words
    return Lake(endpoint, dataset, int(days), int(each_day), int(full))
