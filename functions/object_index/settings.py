"""The environment variables of the function that keeps the object index."""

import msgspec


class Settings(msgspec.Struct, frozen=True):
    """The lake's bucket, and the tables of the object index."""

    bucket: str = msgspec.field(name="LAKE_BUCKET")
    index_table: str = msgspec.field(name="ATTRIBUTES_TABLE")
    totals_table: str = msgspec.field(name="TOTALS_TABLE")
