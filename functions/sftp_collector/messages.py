"""The messages between the collector and its worker processes, pickled and sent through pipes."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from functions.sftp_collector.result import LeftOut
from functions.sftp_collector.session import RemoteFile
from lake.ledger.ledger import Claim, FileVersion


class Trouble(StrEnum):
    """The kinds of failure that differ in what the collector does next."""

    UNAVAILABLE = "unavailable"
    """This worker cannot reach the server; another worker may have a connection."""
    PASSING = "passing"
    """The connection broke, or AWS refused. Uploaded parts are valid, and a later run resumes from them."""
    VERSION = "version"
    """The version cannot be collected: it vanished, it changed, or the server refuses to send it."""
    CLAIMED = "claimed"
    """Another run holds the claim or took it over; that run's result counts."""


@dataclass(frozen=True, slots=True)
class ListDirectory:
    """List the files of a directory whose names match a pattern. The reply is Listed."""

    directory: str
    pattern: str
    """An fnmatch pattern, case-sensitive."""


@dataclass(frozen=True, slots=True)
class CollectFile:
    """Copy a claimed small file into the lake. The reply is Landed."""

    claim: Claim


@dataclass(frozen=True, slots=True)
class PartRange:
    """Consecutive parts of an upload, numbered from 1."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class ReadParts:
    """Copy a range of a large file into its upload. The replies are PartUploaded for each part, then Done."""

    version: FileVersion
    object_key: str
    upload_id: str
    part_bytes: int
    parts: PartRange


@dataclass(frozen=True, slots=True)
class CheckVersion:
    """Check that the path still has the version. The reply is Done."""

    version: FileVersion


@dataclass(frozen=True, slots=True)
class MoveFile:
    """Move a collected version to the archive, unless another version has replaced it. The reply is Done."""

    version: FileVersion
    archive: str


Task = ListDirectory | CollectFile | ReadParts | CheckVersion | MoveFile


@dataclass(frozen=True, slots=True)
class Listed:
    """The contents of a directory."""

    files: list[RemoteFile]
    """The files that match the pattern."""
    left_out: Mapping[LeftOut, int]
    """Number of skipped entries, by reason."""
    server_time: int | None
    """The server's time during the listing, in seconds since 1970 UTC; None if unknown."""


@dataclass(frozen=True, slots=True)
class Landed:
    """The version is in the lake, but not yet recorded in the ledger."""

    bytes: int
    checksum: str
    """In a form that lake.checksum describes."""


@dataclass(frozen=True, slots=True)
class PartUploaded:
    """One part is in S3. More replies follow."""

    number: int
    etag: str
    sha256: bytes


@dataclass(frozen=True, slots=True)
class Done:
    """The task is done."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The task failed."""

    trouble: Trouble
    reason: str
    """The reason, for a person."""


Reply = Listed | Landed | PartUploaded | Done | Failed
