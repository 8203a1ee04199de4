"""What the collector and its worker processes say to each other. All of it goes through a pipe, pickled."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from functions.sftp_collector.result import LeftOut
from functions.sftp_collector.session import RemoteFile
from lake.ledger.ledger import Claim, FileVersion


class Trouble(StrEnum):
    """Why a task failed, as far as it matters for what is done next."""

    UNAVAILABLE = "unavailable"
    """This worker cannot reach the server; another one may have a connection."""
    PASSING = "passing"
    """The connection broke, or AWS refused: the parts that stand are good, and a later run goes on from them."""
    VERSION = "version"
    """The version cannot be had: it is gone, changed, or the server does not give it out."""
    CLAIMED = "claimed"
    """Another run holds the claim, or took it over; its result counts."""


@dataclass(frozen=True, slots=True)
class ListDirectory:
    """List the files of a directory whose names match a pattern. Answered with Listed."""

    directory: str
    pattern: str
    """As fnmatch has it, case-sensitive."""


@dataclass(frozen=True, slots=True)
class CollectFile:
    """Bring a small file that is claimed into the lake. Answered with Landed."""

    claim: Claim


@dataclass(frozen=True, slots=True)
class PartRange:
    """Consecutive parts of an upload, their numbers counted from 1."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class ReadParts:
    """Bring a range of a large file into its upload. Answered with PartUploaded for each part, then Done."""

    version: FileVersion
    object_key: str
    upload_id: str
    part_bytes: int
    parts: PartRange


@dataclass(frozen=True, slots=True)
class CheckVersion:
    """Look whether the version still stands under its path. Answered with Done."""

    version: FileVersion


@dataclass(frozen=True, slots=True)
class MoveFile:
    """Move a collected version to the archive, unless another version has taken its place. Answered with Done."""

    version: FileVersion
    archive: str


Task = ListDirectory | CollectFile | ReadParts | CheckVersion | MoveFile


@dataclass(frozen=True, slots=True)
class Listed:
    """What a directory holds."""

    files: list[RemoteFile]
    """Those that match the pattern."""
    left_out: Mapping[LeftOut, int]
    """How many entries are left out, by reason."""
    server_time: int | None
    """The server's clock as it listed, in seconds since 1970 UTC; None if that could not be seen."""


@dataclass(frozen=True, slots=True)
class Landed:
    """The version stands in the lake; the ledger does not say so yet."""

    bytes: int
    checksum: str
    """As lake.checksum says."""


@dataclass(frozen=True, slots=True)
class PartUploaded:
    """One part stands in S3. More follows."""

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
    """For a person."""


Reply = Listed | Landed | PartUploaded | Done | Failed
