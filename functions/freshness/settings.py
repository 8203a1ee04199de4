"""The freshness watcher's environment variables."""

import msgspec


class Settings(msgspec.Struct, frozen=True):
    """The watched datasets, and the table with the time of each dataset's last landing."""

    freshness_seconds: dict[str, float] = msgspec.field(name="FRESHNESS_SECONDS")
    """Largest age of each dataset's newest object, in seconds, before the dataset counts as late."""
    totals_table: str = msgspec.field(name="TOTALS_TABLE")
