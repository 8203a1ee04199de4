"""The batcher's environment variables."""

import msgspec


class Settings(msgspec.Struct, frozen=True):
    """Where events land, and where poison goes."""

    bucket: str = msgspec.field(name="LAKE_BUCKET")
    dataset: str = msgspec.field(name="EVENTS_DATASET")
    dead_letter_queue_url: str = msgspec.field(name="EVENTS_DEAD_LETTER_QUEUE_URL")
