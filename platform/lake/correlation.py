"""What ties the log lines about one object together, from its source to its report."""

from typing import Final

CORRELATION_ID: Final = "correlation-id"
"""Name in an inbound object's metadata: id of the run that landed it, which is in each of that run's log lines."""
