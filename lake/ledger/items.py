"""How the collection ledger's items look in DynamoDB; lake.ledger.ledger says what they mean."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from lake.errors import LakeError

# DynamoDB's limit for a sort key.
MAXIMUM_SORT_KEY_BYTES: Final = 1024


class LedgerError(LakeError):
    """The ledger does not allow what was asked; the message says why and what happens next."""


class State(StrEnum):
    """How far a version has come."""

    CLAIMED = "claimed"
    COMPLETE = "complete"
    FAILED = "failed"
    PAUSED = "paused"
    """A run stopped before its time was over; the next one goes on from the parts that stand."""


@dataclass(frozen=True, slots=True)
class FileVersion:
    """One version of one file at its source."""

    dataset: str
    connection: str
    path: str
    size: int
    """Bytes."""
    modified: int
    """Seconds since 1970 UTC, as the server tells it."""

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rsplit("/", 1)[-1]


@dataclass(frozen=True, slots=True)
class Entry:
    """What the ledger knows about one version."""

    connection: str
    path: str
    size: int
    modified: int
    state: State
    attempts: int
    object_key: str | None
    """None as long as nothing claimed a key for it: the version was refused before."""
    bytes: int | None
    checksum: str | None
    """Algorithm and value; lake.checksum says which algorithms."""
    error: str | None
    """Why the last attempt failed. Kept until the version is complete."""
    claimed_at: str | None
    finished_at: str | None
    """When it was completed or failed last."""


def partition(dataset: str) -> str:
    """Partition key of everything about a dataset."""
    return f"dataset#{dataset}"


def below(dataset: str, prefix: str) -> tuple[str, dict[str, Any]]:
    """Condition and values of a query for the items of a dataset whose sort key starts with a prefix."""
    return "#pk = :pk AND begins_with(#sk, :prefix)", {"pk": partition(dataset), "prefix": prefix}


def key_of(version: FileVersion) -> dict[str, str]:
    """Primary key of a version's item.

    Raises:
        LedgerError: the path is too long for a key.
    """
    sort_key = f"file#{version.connection}#{version.path}#{version.modified:012d}#{version.size}"
    if len(sort_key.encode()) > MAXIMUM_SORT_KEY_BYTES:
        raise LedgerError(f"the path {version.path[:80]!r}… is too long; shorten it at its source")
    return {"pk": partition(version.dataset), "sk": sort_key}


def key_place(dataset: str, object_key: str) -> dict[str, str]:
    """Primary key of the item that says whose an inbound key is."""
    return {"pk": partition(dataset), "sk": f"key#{object_key}"}


def sight_place(version: FileVersion) -> dict[str, str]:
    """Primary key of the item that says how a path looked last."""
    return {"pk": partition(version.dataset), "sk": f"sight#{version.connection}#{version.path}"}


def attempt_and_source(version: FileVersion) -> dict[str, str | int]:
    """Values that count an attempt and tell where a version comes from."""
    return {
        "zero": 0,
        "one": 1,
        "connection": version.connection,
        "path": version.path,
        "size": version.size,
        "modified": version.modified,
    }


def entry_of(item: Mapping[str, Any]) -> Entry:
    """A version's item as people and tests read it."""
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
    """A time as the ledger keeps it."""
    # Of one length always, so that DynamoDB's comparison of text is the comparison of time.
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
