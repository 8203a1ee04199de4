"""The description of a run of any kind."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

KILLED: Final = "KILLED"
"""The run's time is over, and it did not record how it ended."""
PAUSED: Final = "PAUSED"
"""The run left work that the next run resumes."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run."""

    what: str
    """Such as "collection vehicles", or the name of a Glue job."""
    started_at: datetime
    ended_at: datetime | None
    """End of the run; None if it has not ended, or the end is unknown."""
    result: str
    counts: str
    """What it did, in words; empty if nothing of it remains."""
    error: str = ""
    """First line of the reason for the failure."""
    id: str = ""
    """Glue's id of the run; empty for runs outside Glue."""

    @property
    def duration(self) -> timedelta | None:
        """Return the duration; None if it is unknown."""
        return self.ended_at - self.started_at if self.ended_at else None


def first_line(text: str | None) -> str:
    """Return the first informative line of an error."""
    return next((line.strip() for line in (text or "").splitlines() if line.strip()), "")


def moment(text: str | None) -> datetime | None:
    """Parse a time in the ledger's form."""
    return datetime.fromisoformat(text).astimezone(UTC) if text else None
