"""How long a dataset's objects are kept."""

from dataclasses import dataclass
from typing import Final

FEWEST_DAYS: Final = 7
"""Time to notice a failed run and to replay objects before they expire."""
MOST_DAYS: Final = 36_500
HISTORY_OUTLIVES: Final = 7
"""Days that clean rows must be kept longer than their object. An object without clean rows is processed again, and S3
may expire an object days late."""


TIME_TRAVEL: Final = 7
"""Days, unless a dataset declares another number. It lets a fault of the weekend be compared with the week before."""
MOST_TIME_TRAVEL: Final = 365
"""Days. Each adds about 1 KB to the metadata that every commit reads and writes."""


@dataclass(frozen=True, slots=True)
class Retention:
    """Return the days from an object's creation to its expiry, by prefix. Objects of other prefixes are kept.

    An expired object can be restored while the stack keeps noncurrent versions. After that it is lost.
    """

    inbound: int | None = None
    """Objects as delivered. After their expiry, their rows cannot be replayed."""
    warehouse: int | None = None
    """History files. Their rows leave the published view, so only a source that sends rows again, or only once, can
    declare it."""
    quarantine: int | None = None
    """Refused rows with their original text. None: as long as their objects."""
    time_travel: int = TIME_TRAVEL
    """Days for which the published tables keep their state at the end of the day (UTC), for time travel. The states
    after the last merges are kept too; processing.publishing.snapshots defines how many."""
