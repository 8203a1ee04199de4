"""The batcher's environment variables."""

import msgspec


class Settings(msgspec.Struct, frozen=True):
    """The targets for events and for messages that are not events."""

    bucket: str = msgspec.field(name="LAKE_BUCKET")
    dataset: str = msgspec.field(name="EVENTS_DATASET")
    dead_letter_queue_url: str = msgspec.field(name="EVENTS_DEAD_LETTER_QUEUE_URL")
