"""The collection ledger's items in DynamoDB; lake.ledger.ledger explains their meaning."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from lake.errors import LakeError

# DynamoDB's limit for a sort key.
MAXIMUM_SORT_KEY_BYTES: Final = 1024


class LedgerError(LakeError):
    """The ledger refuses the operation. The message gives the reason and what happens next."""


class State(StrEnum):
    """Progress of a version."""

    CLAIMED = "claimed"
    COMPLETE = "complete"
    FAILED = "failed"
    PAUSED = "paused"
    """A run stopped before the transfer was complete; the next run resumes after the parts that S3 has."""


@dataclass(frozen=True, slots=True)
class FileVersion:
    """One version of one file at its source."""

    dataset: str
    connection: str
    path: str
    size: int
    """Bytes."""
    modified: int
    """Seconds since 1970 UTC, as the server reports."""

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rsplit("/", 1)[-1]


@dataclass(frozen=True, slots=True)
class Entry:
    """The ledger's record of one version."""

    connection: str
    path: str
    size: int
    modified: int
    state: State
    attempts: int
    object_key: str | None
    """None if the version was refused before a key was reserved for it."""
    bytes: int | None
    checksum: str | None
    """Algorithm and value; lake.checksum lists the algorithms."""
    error: str | None
    """Why the last attempt failed. Kept until the version is complete."""
    claimed_at: str | None
    finished_at: str | None
    """When the version was completed or last failed."""


def partition(dataset: str) -> str:
    """Return the partition key of all items of a dataset."""
    return f"dataset#{dataset}"


def below(dataset: str, prefix: str) -> tuple[str, dict[str, Any]]:
    """Return condition and values of a query for a dataset's items whose sort key starts with a prefix."""
    return "#pk = :pk AND begins_with(#sk, :prefix)", {"pk": partition(dataset), "prefix": prefix}


def key_of(version: FileVersion) -> dict[str, str]:
    """Return the primary key of a version's item.

    Raises:
        LedgerError: The path is too long for a key.
    """
    sort_key = f"file#{version.connection}#{version.path}#{version.modified:012d}#{version.size}"
    if len(sort_key.encode()) > MAXIMUM_SORT_KEY_BYTES:
        raise LedgerError(f"the path {version.path[:80]!r}… is too long; shorten it at its source")
    return {"pk": partition(version.dataset), "sk": sort_key}


def key_place(dataset: str, object_key: str) -> dict[str, str]:
    """Return the primary key of the item that names the owner of an inbound key."""
    return {"pk": partition(dataset), "sk": f"key#{object_key}"}


def sight_place(version: FileVersion) -> dict[str, str]:
    """Return the primary key of the item that records how the file at a path last looked."""
    return {"pk": partition(version.dataset), "sk": f"sight#{version.connection}#{version.path}"}


def attempt_and_source(version: FileVersion) -> dict[str, str | int]:
    """Return the values that count an attempt and describe a version's source."""
    return {
        "zero": 0,
        "one": 1,
        "connection": version.connection,
        "path": version.path,
        "size": version.size,
        "modified": version.modified,
    }


def entry_of(item: Mapping[str, Any]) -> Entry:
    """Return a version's item as an Entry."""
    return Entry(
        connection=item["connection"],
        path=item["path"],
        size=int(item["size"]),
        modified=int(item["modified"]),
        state=State(item["state"]),
        attempts=int(item["attempts"]),
        object_key=item.get("object_key"),
        bytes=int(item["bytes"]) if "bytes" in item else None,
        checksum=item.get("checksum"),
        error=item.get("error"),
        claimed_at=item.get("claimed_at"),
        finished_at=item.get("finished_at"),
    )


def time_text(moment: datetime) -> str:
    """Return a time as the ledger stores it."""
    # All have the same length, so that DynamoDB's comparison of text is a comparison of time.
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
