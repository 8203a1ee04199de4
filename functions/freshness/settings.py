"""The freshness watcher's environment variables."""

import msgspec


class Settings(msgspec.Struct, frozen=True):
    """Which datasets are watched, and the table that knows their objects."""

    freshness_seconds: dict[str, float] = msgspec.field(name="FRESHNESS_SECONDS")
    """How old each dataset's newest object may be."""
    index_table: str = msgspec.field(name="ATTRIBUTES_TABLE")
