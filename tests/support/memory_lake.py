"""A lake in memory as the index's recorder reads it, and a recount of its content."""

import hashlib
import io
import itertools
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from botocore.exceptions import ClientError

from lake.object_index.totals import Totals
from lake.warehouse_metadata import ColumnFacts, WarehouseMetadata

BEGIN = datetime(2026, 11, 23, 9, tzinfo=UTC)


@dataclass(frozen=True)
class Landed:
    body: bytes
    at: datetime
    version: int
    metadata: dict[str, str]

    @property
    def etag(self):
        return hashlib.sha256(b"%d %s" % (self.version, self.body)).hexdigest()[:32]


class MemoryLake:
    """S3's answers about a lake in memory, and the changes that jobs and people make.

    Args:
        step: called before and after each request, with its name.
    """

    def __init__(self, step=lambda _: None):
        self.objects, self._step, self._versions = {}, step, itertools.count(1)
        self.now = BEGIN
        self.ever_landed = defaultdict(set)
        """Landing times of a dataset's objects, including deleted ones."""

    # changes of the lake

    def land(self, inbound, body=b"id,town\n1,Leeds\n", **metadata):
        self._put(inbound.key, body, metadata)
        self.ever_landed[inbound.dataset].add(self.now)

    def process(self, inbound, run="run-1", warehouse=1, quarantined=0, duplicate=0, columns=None):
        """Write the history file as the job does."""
        rules = {"id|min": quarantined} if quarantined else {}
        metadata = WarehouseMetadata(
            run=run,
            rows_in=warehouse + quarantined + duplicate,
            rows_warehouse=warehouse,
            rows_quarantined=quarantined,
            rows_duplicate=duplicate,
            by_rule=rules,
            columns={"id": ColumnFacts(0, warehouse)} if columns is None else columns,
        )
        self._put(inbound.warehouse_key, b"p" * warehouse, metadata.encoded())

    def delete(self, key):
        self.objects.pop(key, None)

    def wait(self, seconds=1):
        self.now += timedelta(seconds=seconds)

    def _put(self, key, body, metadata):
        self.objects[key] = Landed(body, self.now, next(self._versions), metadata)

    # S3's client

    def head_object(self, *, Bucket, Key, ChecksumMode):  # noqa: ARG002, N803 - boto3's names
        found = self._asked("HeadObject", Key, "404")
        return {
            "Metadata": found.metadata,
            "ContentLength": len(found.body),
            "LastModified": found.at,
            "ETag": f'"{found.etag}"',
            "ChecksumSHA256": "abc=",
        }

    def get_object(self, *, Bucket, Key, IfMatch, Range):  # noqa: ARG002, N803 - boto3's names
        found = self._asked("GetObject", Key, "NoSuchKey")
        if IfMatch != f'"{found.etag}"':
            raise _error("GetObject", "PreconditionFailed")
        assert found.body, "S3 has no range of an empty object"
        return {"Body": io.BytesIO(found.body[: int(Range.rpartition("-")[2]) + 1])}

    def _asked(self, operation, key, absent):
        self._step(operation)
        found = self.objects.get(key)
        self._step(f"{operation} answered")
        if found is None:
            raise _error(operation, absent)
        return found


def _error(operation, code):
    return ClientError({"Error": {"Code": code, "Message": "refused"}}, operation)


def recount(lake, objects):
    """Return a lake's totals, counted from a listing: by dataset, by dataset and day, and by run and dataset.

    Args:
        lake: the lake.
        objects: all inbound objects that may be in it.
    """
    sums = defaultdict(Counter)
    for inbound in objects:
        raw, clean = lake.objects.get(inbound.key), lake.objects.get(inbound.warehouse_key)
        if raw is None and clean is None:
            continue
        counts = Counter(objects=1, bytes=len(raw.body) if raw else 0)
        groups = [("dataset", inbound.dataset), ("day", inbound.dataset, inbound.landing_date)]
        if clean is not None:
            rows = {
                name: int(clean.metadata[f"rows-{name}"]) for name in ("in", "warehouse", "quarantined", "duplicate")
            }
            counts.update(processed=1, warehouse_bytes=len(clean.body), refused=int(rows["quarantined"] > 0))
            counts.update({f"rows_{name}": number for name, number in rows.items()})
            groups.append(("run", clean.metadata["run"], inbound.dataset))
        for group in groups:
            sums[group].update(counts)
    return {group: Totals(**counts) for group, counts in sums.items()}
