"""What became of one landed object, from the object itself; and the listings of a whole dataset.

No command lists a dataset, since that takes as long as all that ever landed is large: the object index is there for
it. The demo and the tests do, to check what the platform did.
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
    """What became of the rows of one landed object. Counts are rows."""

    rows_in: int
    warehouse: int
    quarantined: int
    duplicate: int
    run: str = field(default="", compare=False)
    """The run that processed it last."""
    processed_at: datetime = field(default=datetime.min.replace(tzinfo=UTC), compare=False)

    @property
    def balances(self) -> bool:
        """Whether every row is accounted for."""
        return self.rows_in == self.warehouse + self.quarantined + self.duplicate


def landed_objects(target: Target, dataset: str) -> list[LandedObject]:
    """The dataset's raw objects, oldest first. Keys that are not of the lake's layout are left out."""
    found: list[LandedObject] = []
    for entry in _list(target, inbound_prefix(dataset)):
        try:
            inbound = parse_inbound_key(entry["Key"])
        except InvalidKeyError:
            continue
        found.append(LandedObject(inbound, entry["LastModified"], entry["Size"]))
    return sorted(found, key=lambda landed: landed.landed_at)


def processed_keys(target: Target, dataset: str) -> set[str]:
    """Keys of the dataset's warehouse files. An inbound object is processed when its warehouse file exists."""
    return {entry["Key"] for entry in _list(target, warehouse_prefix(dataset))}


def row_account(target: Target, inbound: InboundObject) -> RowAccount:
    """The row accounting of a processed object, which its warehouse file carries."""
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
    """What S3 says of an object; None if it does not exist."""
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
