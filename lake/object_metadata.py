"""The metadata of inbound objects: names, values, and the instant that they give to an object's rows."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

CORRELATION_ID: Final = "correlation-id"
"""Id of the run that landed the object. Each log line of that run has it, which links the object to the log."""
SOURCE_MODIFIED: Final = "source-modified"
"""When the source last changed the file, as ISO 8601 with a zone. Set only if the source reports it."""


def source_modified(seconds: int) -> dict[str, str]:
    """Return the metadata of a file that its source last changed the given number of seconds after 1970."""
    return {SOURCE_MODIFIED: datetime.fromtimestamp(seconds, UTC).isoformat()}


def as_of(metadata: Mapping[str, str], landed_at: datetime) -> datetime:
    """Return the instant of an object's rows: when the source last changed the file, or else when the file landed.

    Times after the landing are capped at it; otherwise a source with a fast clock would win for years.

    Raises:
        ValueError: The metadata contain no time with a zone; the message describes the expected form.
    """
    told = metadata.get(SOURCE_MODIFIED)
    if told is None:
        return landed_at
    modified = _instant(told)
    if modified is None:
        raise ValueError(
            f"its metadata {SOURCE_MODIFIED} {told!r} is not a time with a zone, such as 2026-11-20T08:00:00+00:00"
        )
    return min(modified, landed_at)


def _instant(text: str) -> datetime | None:
    try:
        told = datetime.fromisoformat(text)
        return told.astimezone(UTC) if told.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None
