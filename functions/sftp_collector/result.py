"""What a run did, as the function returns it."""

from dataclasses import dataclass, field
from enum import StrEnum

from functions.observability import logger
from lake.printable import printable


class LeftOut(StrEnum):
    """Why an entry of the directory is not collected by a run, though nothing failed."""

    PATTERN = "pattern"
    """Its name does not match the dataset's pattern, which is case-sensitive."""
    LINK = "link"
    """It is a link that leads to nothing, out of the directory, or to what is not a file."""
    TYPE = "type"
    """It is not a file: a directory, a pipe or a device."""
    TOO_FRESH = "too_fresh"
    """It was written a moment ago, or may still be written; a later run collects it."""


@dataclass(frozen=True, slots=True)
class CollectedFile:
    """One file that this run brought into the lake."""

    source: str
    key: str
    bytes: int
    checksum: str
    """As lake.checksum says."""


@dataclass(frozen=True, slots=True)
class FailedFile:
    """One file, or the directory as a whole, that could not be collected or moved, and why."""

    source: str
    error: str


@dataclass(slots=True)
class CollectionResult:
    """What a run did."""

    dataset: str
    collected: list[CollectedFile] = field(default_factory=list[CollectedFile])
    unchanged: int = 0
    """Files that were collected before."""
    elsewhere: int = 0
    """Files that another run is at."""
    remaining: int = 0
    """Files that were not begun or not finished when the time was over; the next run goes on with them."""
    failed: list[FailedFile] = field(default_factory=list[FailedFile])
    left_out: dict[LeftOut, int] = field(default_factory=lambda: dict.fromkeys(LeftOut, 0))
    """Entries of the directory that are not collected though nothing failed, by reason."""

    def add(self, file: CollectedFile) -> None:
        """Note a file that was collected."""
        self.collected.append(file)
        logger.info("collected", extra={"source": file.source, "key": file.key, "bytes": file.bytes})

    def fail(self, source: str, error: str) -> None:
        """Note what failed. The partner chose its name, and its server perhaps the words: they stay within a line."""
        source, error = printable(source), printable(error)
        self.failed.append(FailedFile(source, error))
        logger.error("not collected", extra={"source": source, "error": error})

    def leave_to_another(self, source: str, reason: str) -> None:
        """Note a file that another run is at."""
        self.elsewhere += 1
        logger.info("left to another run", extra={"source": source, "reason": reason})

    def leave_out(self, reason: LeftOut, count: int = 1) -> None:
        """Note entries that are left out."""
        self.left_out[reason] += count
