"""The object index's environment variables."""

import msgspec


class Settings(msgspec.Struct, frozen=True):
    """The lake whose objects are recorded, and where."""

    bucket: str = msgspec.field(name="LAKE_BUCKET")
    index_table: str = msgspec.field(name="ATTRIBUTES_TABLE")
    totals_table: str = msgspec.field(name="TOTALS_TABLE")
