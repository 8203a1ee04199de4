"""Reads the result of a landed object from the object itself, and lists a whole dataset.

No command lists a dataset, because that grows with everything that ever landed; commands use the object index. The demo
and the tests list datasets to check the platform.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from lake.keys import (
    InboundObject,
    InvalidKeyError,
    inbound_prefix,
    parse_inbound_key,
    warehouse_prefix,
)
from ops.stack.target import Target

REQUESTS_AT_ONCE: Final = 16


@dataclass(frozen=True, slots=True)
class LandedObject:
    """One raw object."""

    inbound: InboundObject
    landed_at: datetime
    bytes: int


@dataclass(frozen=True, slots=True)
class RowAccount:
    """The result for the rows of one landed object. Counts are rows."""

    rows_in: int
    warehouse: int
    quarantined: int
    duplicate: int
    run: str = field(default="", compare=False)
    """The run that processed it last."""
    processed_at: datetime = field(default=datetime.min.replace(tzinfo=UTC), compare=False)

    @property
    def balances(self) -> bool:
        """Return true if every row is accounted for."""
        return self.rows_in == self.warehouse + self.quarantined + self.duplicate


def landed_objects(target: Target, dataset: str) -> list[LandedObject]:
    """Return the dataset's raw objects, oldest first, without keys outside the lake's layout."""
    found: list[LandedObject] = []
    for entry in _list(target, inbound_prefix(dataset)):
        try:
            inbound = parse_inbound_key(entry["Key"])
        except InvalidKeyError:
            continue
        found.append(LandedObject(inbound, entry["LastModified"], entry["Size"]))
    return sorted(found, key=lambda landed: landed.landed_at)


def processed_keys(target: Target, dataset: str) -> set[str]:
    """Return the keys of the dataset's history files. An inbound object is processed when its history file exists."""
    return {entry["Key"] for entry in _list(target, warehouse_prefix(dataset))}


def row_account(target: Target, inbound: InboundObject) -> RowAccount:
    """Return the row accounting of a processed object, from its history file."""
    found = target.client("s3").head_object(Bucket=target.bucket, Key=inbound.warehouse_key)
    metadata = found["Metadata"]
    return RowAccount(
        rows_in=int(metadata["rows-in"]),
        warehouse=int(metadata["rows-warehouse"]),
        quarantined=int(metadata["rows-quarantined"]),
        duplicate=int(metadata["rows-duplicate"]),
        run=metadata["run"],
        processed_at=found["LastModified"],
    )


def head(target: Target, key: str) -> Mapping[str, Any] | None:
    """Return S3's description of an object; None if it does not exist."""
    s3 = target.client("s3")
    try:
        return s3.head_object(Bucket=target.bucket, Key=key)
    except s3.exceptions.ClientError as error:
        if error.response["Error"]["Code"] not in {"404", "NoSuchKey"}:
            raise
    return None


def _list(target: Target, prefix: str) -> Iterator[dict[str, Any]]:
    pages = target.client("s3").get_paginator("list_objects_v2").paginate(Bucket=target.bucket, Prefix=prefix)
    for page in pages:
        yield from page.get("Contents", [])
