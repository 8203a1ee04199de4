"""How long a dataset's objects are kept."""

from dataclasses import dataclass
from typing import Final

FEWEST_DAYS: Final = 7
"""Time to notice a failed run and to replay, before an object expires."""
MOST_DAYS: Final = 36_500
HISTORY_OUTLIVES: Final = 7
"""Days that clean rows have to be kept longer than their object: an object without clean rows is processed again, and
S3 may expire an object days late."""


TIME_TRAVEL: Final = 7
"""Days, unless a dataset declares another number: a fault of a weekend can be compared with the week before."""
MOST_TIME_TRAVEL: Final = 365
"""Days. Each adds about 1 KB to the metadata that every commit reads and writes."""


@dataclass(frozen=True, slots=True)
class Retention:
    """Days from an object's creation until it expires, by prefix. Objects of a prefix without days are kept.

    An expired object can be restored for as long as the stack keeps noncurrent versions, and then is gone.
    """

    inbound: int | None = None
    """Objects as delivered. Later, their rows can no longer be replayed."""
    warehouse: int | None = None
    """Files of clean rows. Their rows leave the published view, so only sources that send a row again, or once, can
    have it."""
    quarantine: int | None = None
    """Refused rows with their original text. None: as long as their objects."""
    time_travel: int = TIME_TRAVEL
    """Days of which the published tables keep their state at the day's end (UTC), for readers as of then. The states
    after the last merges are kept too: processing.publishing.snapshots says how many."""
