"""The result of a run, as the function returns it."""

from dataclasses import dataclass, field
from enum import StrEnum

from functions.observability import logger
from lake.printable import printable


class LeftOut(StrEnum):
    """The reasons for which a run leaves out an entry of the directory without an error."""

    PATTERN = "pattern"
    """The name does not match the dataset's pattern, which is case-sensitive."""
    LINK = "link"
    """The entry is a link to nothing, out of the directory, or to something that is not a file."""
    TYPE = "type"
    """The entry is not a file: a directory, a pipe or a device."""
    TOO_FRESH = "too_fresh"
    """The file was written a moment ago, or may still be written; a later run collects it."""


@dataclass(frozen=True, slots=True)
class CollectedFile:
    """One file that this run copied into the lake."""

    source: str
    key: str
    bytes: int
    checksum: str
    """In a form that lake.checksum describes."""


@dataclass(frozen=True, slots=True)
class FailedFile:
    """One file, or the directory as a whole, that could not be collected or moved, and the reason."""

    source: str
    error: str


@dataclass(slots=True)
class CollectionResult:
    """The result of a run."""

    dataset: str
    collected: list[CollectedFile] = field(default_factory=list[CollectedFile])
    unchanged: int = 0
    """Number of files that were collected earlier."""
    elsewhere: int = 0
    """Number of files that another run is collecting."""
    remaining: int = 0
    """Number of files that were not finished when the time ran out; the next run collects them."""
    failed: list[FailedFile] = field(default_factory=list[FailedFile])
    left_out: dict[LeftOut, int] = field(default_factory=lambda: dict.fromkeys(LeftOut, 0))
    """Number of entries left out without an error, by reason."""

    def add(self, file: CollectedFile) -> None:
        """Record a collected file."""
        self.collected.append(file)
        logger.info("collected", extra={"source": file.source, "key": file.key, "bytes": file.bytes})

    def fail(self, source: str, error: str) -> None:
        """Record a failure. The partner chose the name and perhaps the error's text, so both are made printable."""
        source, error = printable(source), printable(error)
        self.failed.append(FailedFile(source, error))
        logger.error("not collected", extra={"source": source, "error": error})

    def leave_to_another(self, source: str, reason: str) -> None:
        """Record a file that another run is collecting."""
        self.elsewhere += 1
        logger.info("left to another run", extra={"source": source, "reason": reason})

    def leave_out(self, reason: LeftOut, count: int = 1) -> None:
        """Record entries that are left out."""
        self.left_out[reason] += count
