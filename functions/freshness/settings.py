"""The freshness watcher's environment variables."""

import msgspec


class Settings(msgspec.Struct, frozen=True):
    """Which datasets are watched, and the table that knows when each landed last."""

    freshness_seconds: dict[str, float] = msgspec.field(name="FRESHNESS_SECONDS")
    """How old each dataset's newest object may be."""
    totals_table: str = msgspec.field(name="TOTALS_TABLE")
