"""Cost of a million events at AWS's list prices, for three ways from the receiver to the bucket.

The API and the receiver are the same for all three and are left out, as are storage, encryption keys and free tiers.
"""

import math
from dataclasses import dataclass
from typing import Final

# eu-west-1, US dollars, first tier. This program does not look up prices: check them before a decision.
AS_OF: Final = "as published in 2025, Lambda's seen again in May 2026"
SOURCES: Final = "aws.amazon.com/{sqs,lambda,s3,firehose}/pricing"
SQS_REQUEST: Final = 0.40 / 1e6
LAMBDA_REQUEST: Final = 0.20 / 1e6
LAMBDA_GIGABYTE_SECOND_ARM: Final = 0.0000133334
S3_PUT: Final = 0.005 / 1e3
FIREHOSE_GIGABYTE: Final = 0.031

EVENTS: Final = 1_000_000
SQS_BATCH: Final = 10
"""Maximum number of messages that one request sends, receives or deletes."""
BATCHER_GIGABYTES: Final = 1.0
FIREHOSE_STEP_BYTES: Final = 5 * 1024
"""Firehose rounds the size of each record up to a multiple of this."""
FIREHOSE_OBJECT_BYTES: Final = 5 * 1024**2
"""Firehose's default buffer."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Cost of one way, for a million events."""

    way: str
    objects: int
    dollars: float


def costs(events_per_object: float, batcher_seconds: float, event_bytes: float) -> list[Cost]:
    """Return the number of objects and the cost of each way.

    Args:
        events_per_object: events in a full batch.
        batcher_seconds: duration of one batch.
        event_bytes: stored size of one event.
    """
    objects = math.ceil(EVENTS / events_per_object)
    compute = objects * (batcher_seconds * BATCHER_GIGABYTES * LAMBDA_GIGABYTE_SECOND_ARM + LAMBDA_REQUEST)
    landing = objects * S3_PUT + compute
    firehose_objects = math.ceil(EVENTS * event_bytes / FIREHOSE_OBJECT_BYTES)
    steps = math.ceil(event_bytes / FIREHOSE_STEP_BYTES)
    by_record = EVENTS * steps * FIREHOSE_STEP_BYTES / 1024**3 * FIREHOSE_GIGABYTE
    # If the sender packs several events into each record, Firehose charges only for their bytes.
    packed = EVENTS * event_bytes / 1024**3 * FIREHOSE_GIGABYTE
    return [
        Cost("SQS by tens, batcher", objects, 3 * EVENTS / SQS_BATCH * SQS_REQUEST + landing),
        Cost("SQS one by one, batcher", objects, (1 + 2 / SQS_BATCH) * EVENTS * SQS_REQUEST + landing),
        Cost("Firehose, an event a record", firehose_objects, by_record + firehose_objects * S3_PUT),
        Cost("Firehose, packed records", firehose_objects, packed + firehose_objects * S3_PUT),
        Cost("an object per event", EVENTS, EVENTS * S3_PUT),
    ]
