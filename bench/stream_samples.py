"""Generated events as they are posted, queued and passed to the batcher."""

import hashlib
import json
import random
import uuid
from datetime import UTC, datetime
from typing import Any, Final

from lake.events import Receipt, key_channel, stored_event

LAMBDA_PAYLOAD_BYTES: Final = 6_000_000
LARGEST_BATCH: Final = 5000
PROVIDER: Final = "website"
KEY_ID: Final = "a1b2c3d4e5"
"""Id of the provider's API key."""
_NOW: Final = datetime(2026, 11, 23, 9, 0, 0, 250_000, tzinfo=UTC)


class MemoryS3:
    """S3 in memory that keeps only the sizes of objects."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def put_object(self, **request: Any) -> dict[str, str]:  # noqa: ANN401 - boto3's arguments
        """Accept an object."""
        self.sizes.append(len(request["Body"]))
        return {"ETag": '"memory"'}


class MemorySqs:
    """SQS in memory: acknowledges every message at once."""

    def send_message_batch(self, **request: Any) -> dict[str, Any]:  # noqa: ANN401 - boto3's arguments
        """Acknowledge messages."""
        return {"Successful": [{"Id": entry["Id"]} for entry in request["Entries"]]}


def posted_events(count: int, seed: int) -> list[dict[str, Any]]:
    """Return payments and visits."""
    chance = random.Random(seed)  # noqa: S311 - sample data
    return [_event(chance) for _ in range(count)]


def sqs_event(seed: int) -> dict[str, Any]:
    """Return as many records as one invocation gets: 5,000, or as many as fit in Lambda's payload of 6 MB."""
    records: list[dict[str, Any]] = []
    size = 0
    for event in posted_events(LARGEST_BATCH, seed):
        record = _record(stored_event(event, Receipt(_NOW, str(uuid.UUID(int=seed)), key_channel(PROVIDER))))
        size += len(json.dumps(record))
        if size > LAMBDA_PAYLOAD_BYTES:
            break
        records.append(record)
    return {"Records": records}


def gateway_event(body: str) -> dict[str, Any]:
    """Return a POST request as API Gateway passes it on."""
    return {
        "resource": "/events",
        "path": "/events",
        "httpMethod": "POST",
        "headers": {"Content-Type": "application/json", "x-api-key": "k" * 40, "Host": "api.example.com"},
        "pathParameters": None,
        "requestContext": {
            "requestId": "7f9c2d4e-1b3a-4c5d-8e6f-0a1b2c3d4e5f",
            "stage": "v1",
            "identity": {"apiKeyId": KEY_ID},
        },
        "body": body,
        "isBase64Encoded": False,
    }


def _event(chance: random.Random) -> dict[str, Any]:
    is_payment = chance.random() < 0.5  # noqa: PLR2004 - half of them
    payment = {
        "amount": f"{chance.randint(100, 99_999) / 100:.2f}",
        "currency": chance.choice(("GBP", "EUR")),
        "registration_plate": f"AB{chance.randint(10, 99)}CDE",
    }
    visit = {"customer_id": chance.randint(1, 100_000), "page": f"/offers/{chance.choice(('corsa', 'golf', 'fiesta'))}"}
    minute, second, milliseconds = chance.randint(0, 59), chance.randint(0, 59), chance.randint(0, 999)
    return {
        "event_id": str(uuid.UUID(int=chance.getrandbits(128), version=4)),
        "event_type": "payment" if is_payment else "visit",
        "occurred_at": f"2026-11-23T08:{minute:02}:{second:02}.{milliseconds:03}Z",
        "source": PROVIDER,
        "payload": payment if is_payment else visit,
    }


def _record(body: str) -> dict[str, Any]:
    digest = hashlib.sha256(body.encode()).hexdigest()
    return {
        "messageId": str(uuid.UUID(digest[:32])),
        "receiptHandle": digest * 5,
        "body": body,
        "attributes": {
            "ApproximateReceiveCount": "1",
            "AWSTraceHeader": f"Root=1-{digest[:8]}-{digest[:24]};Parent={digest[:16]};Sampled=0",
            "SentTimestamp": "1795424400250",
            "SenderId": "AROA000000000000EXAMPLE:event-receiver",
            "ApproximateFirstReceiveTimestamp": "1795424401250",
        },
        "messageAttributes": {},
        "md5OfBody": digest[:32],
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:eu-west-1:000000000000:data-platform-events",
        "awsRegion": "eu-west-1",
    }
