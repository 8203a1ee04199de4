"""What whoever lands an inbound object writes into its metadata."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

CORRELATION_ID: Final = "correlation-id"
"""Id of the run that landed it, which is in each of that run's log lines: it ties them together, up to the report."""
SOURCE_MODIFIED: Final = "source-modified"
"""When its source last changed it, with the zone, as ISO 8601 has it; only of what comes from a source that says so."""


def source_modified(seconds: int) -> dict[str, str]:
    """The metadata of a file that its source last changed so many seconds after 1970."""
    return {SOURCE_MODIFIED: datetime.fromtimestamp(seconds, UTC).isoformat()}


def as_of(metadata: Mapping[str, str], landed_at: datetime) -> datetime:
    """The instant whose state an object tells: when its source last changed it, or else when it landed.

    A source whose clock is ahead does not reach beyond the landing, so that no file is the latest for years.

    Raises:
        ValueError: the metadata hold no time with a zone; the message says so.
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
