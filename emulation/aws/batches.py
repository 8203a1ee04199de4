"""Makes the embedded AWS pass batches of a queue to a function as AWS does: as large as the mapping allows.

The emulator itself passes ten messages at most, and at once, so a thousand events would become a hundred objects.

Sources:
    docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html and invocation-eventsourcemapping.html: a batch is
    complete when it reaches its size, its window or 6 MB.
"""
# The emulator has no public interface for it.
# pyright: reportPrivateUsage=false
# ruff: noqa: SLF001

import time
from collections.abc import Sequence
from itertools import accumulate
from typing import Any, Final

from ministack.services import lambda_svc, sqs

LARGEST_WITHOUT_WINDOW: Final = 10
LARGEST_BYTES: Final = 6_000_000
ENVELOPE_BYTES: Final = 1_000
"""Most bytes that a message takes in an event, besides its body."""


def give_whole_batches() -> None:
    """Make the emulator form batches as AWS does."""
    sqs._receive_messages_for_esm = receive


def receive(queue_url: str, batch_size: int) -> list[dict[str, Any]]:
    """Receive one batch for a function.

    Args:
        queue_url: URL of the queue.
        batch_size: number of messages in a batch.

    Returns:
        The messages; empty while the batch is neither large nor old enough.
    """
    with sqs._queues_lock:
        queue = sqs._get_q(queue_url)
        sqs._expire_retained(queue)
        sqs._dlq_sweep(queue)
        now, window = time.time(), _window(queue["attributes"]["QueueArn"])
        waiting = [each for each in queue["messages"] if each.get("visible_at", 0) <= now]
        size = fitting(waiting, batch_size if window else min(batch_size, LARGEST_WITHOUT_WINDOW))
        if not waiting or (size == len(waiting) < batch_size and now - _oldest(waiting) < window):
            return []
        return sqs._collect_msgs(queue, size, int(queue["attributes"].get("VisibilityTimeout", "30")))


def fitting(messages: Sequence[dict[str, Any]], batch_size: int) -> int:
    """Return how many of the first messages fit into one batch; at least one."""
    bytes_of_first = accumulate(len(each["body"].encode()) + ENVELOPE_BYTES for each in messages[:batch_size])
    return max(1, sum(total <= LARGEST_BYTES for total in bytes_of_first))


def _window(queue_arn: str) -> float:
    """Return the seconds for which the queue's mapping waits for a batch."""
    mappings = [esm for _, _, esm in lambda_svc._iter_all_esms() if esm.get("EventSourceArn") == queue_arn]
    return max((float(each.get("MaximumBatchingWindowInSeconds") or 0) for each in mappings), default=0.0)


def _oldest(messages: Sequence[dict[str, Any]]) -> float:
    return min(float(each.get("visible_at", 0)) for each in messages)
