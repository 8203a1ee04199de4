"""What is known of a run, whatever ran."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

KILLED: Final = "KILLED"
"""Its time is over, and it never said how it ended."""
PAUSED: Final = "PAUSED"
"""It left work, which the next run goes on with."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run."""

    what: str
    """Such as "collection vehicles" or the name of a Glue job."""
    started_at: datetime
    ended_at: datetime | None
    """None if it has not ended, or nothing tells when."""
    result: str
    counts: str
    """What it did, in words; empty if it left nothing."""
    error: str = ""
    """First line of why it failed."""
    id: str = ""
    """Glue's id of the run; empty of what Glue does not run."""

    @property
    def duration(self) -> timedelta | None:
        """How long it took; None if that is not known."""
        return self.ended_at - self.started_at if self.ended_at else None


def first_line(text: str | None) -> str:
    """The first line of an error that says something."""
    return next((line.strip() for line in (text or "").splitlines() if line.strip()), "")


def moment(text: str | None) -> datetime | None:
    """A time as the ledger keeps it."""
    return datetime.fromisoformat(text).astimezone(UTC) if text else None
