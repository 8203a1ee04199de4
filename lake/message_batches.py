"""How many messages one request to SQS may hold."""

from collections.abc import Iterator, Sequence
from typing import Final, TypeVar

# docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html, as it was until 2025: queues
# that were made before, and other implementations, refuse what is larger.
MAXIMUM_ENTRIES: Final = 10
MAXIMUM_BATCH_BYTES: Final = 256 * 1024

MessageT = TypeVar("MessageT")


def message_batches(messages: Sequence[tuple[MessageT, int]]) -> Iterator[list[MessageT]]:
    """Messages in their order, as many together as one request may hold.

    Args:
        messages: each with its size in bytes, attributes included.
    """
    batch: list[MessageT] = []
    batch_bytes = 0
    for message, size in messages:
        if batch and (len(batch) == MAXIMUM_ENTRIES or batch_bytes + size > MAXIMUM_BATCH_BYTES):
            yield batch
            batch, batch_bytes = [], 0
        batch.append(message)
        batch_bytes += size
    if batch:
        yield batch
