"""Batches of messages that fit into one request to SQS."""

from collections.abc import Iterator, Sequence
from typing import Final, TypeVar

# The quotas of docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html before 2025.
# Older queues and other implementations refuse larger batches.
MAXIMUM_ENTRIES: Final = 10
MAXIMUM_BATCH_BYTES: Final = 256 * 1024

MessageT = TypeVar("MessageT")


def message_batches(messages: Sequence[tuple[MessageT, int]]) -> Iterator[list[MessageT]]:
    """Yield the messages in their order, as many in one batch as a request may hold.

    Args:
        messages: each message with its size in bytes, attributes included.
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
