"""The object index's environment variables."""

import msgspec


class Settings(msgspec.Struct, frozen=True):
    """Where objects are recorded."""

    table: str = msgspec.field(name="ATTRIBUTES_TABLE")
