"""Small requests that would be expensive are answered within limits of memory and of the answer's length."""

import base64
import gzip
import json
import tracemalloc
import uuid
from datetime import UTC, datetime

import pytest

from functions.event_receiver.channels import Channels
from functions.event_receiver.event_queue import EventQueue
from functions.event_receiver.receiver import Receiver
from functions.event_receiver.request import MAXIMUM_BODY_BYTES, read_request

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
MOST_MEMORY = 256 * 2**20
"""A quarter of the function's memory. The body itself, in base64 and as text, takes some MiB."""
LONGEST_ANSWER = 6 * 10**6
"""Bytes that Lambda accepts in an answer."""
LONG, MANY = 900_000, 40_000
HEADERS = {"Content-Type": "application/json"}


class Queue:
    """A queue that must not receive anything."""

    def send_message_batch(self, **_):
        raise AssertionError("a bomb was stored")


def event_with(member):
    return f'{{"event_id": "{uuid.uuid4()}", {member}}}'


def members(names):
    return ",".join(f'"{name}":1' for name in names)


BODIES = {
    "brackets": "[" * MAXIMUM_BODY_BYTES,
    "closed brackets": "[" * (LONG // 2) + "]" * (LONG // 2),
    "nearly too deep, and escaped": '{"\\u0041":' * 980 + "1" + "}" * 980,
    "deep objects": '{"a":' * MANY + "1" + "}" * MANY,
    "digits": "1" * LONG,
    "digits of a fraction": event_with(f'"payload": {"1" * LONG}.5'),
    "digits of an exponent": event_with(f'"payload": 1e{"9" * LONG}'),
    "long name": event_with(f'"{"x" * LONG}": 1'),
    "long name that is escaped": event_with(f'"{"/" * LONG}": 1'),
    "long name of three bytes a character": event_with(f'"{"界" * (LONG // 3)}": 1'),
    "long name twice": event_with(f'"{"x" * (LONG // 2)}": 1, "{"x" * (LONG // 2)}": 2'),
    "many names": event_with(members(f"m{number}" for number in range(MANY // 4))),
    "many names twice": event_with(members(f"m{number // 2}" for number in range(MANY))),
    "many empty arrays": f"[{'[],' * (LONG // 3)}[]]",
    "many empty objects": f"[{'{},' * 999}{{}}]",
    "long event type": event_with(f'"event_type": "{"a" * LONG}"'),
    "long time": event_with(f'"occurred_at": "{"2" * LONG}"'),
}
OTHERS = {
    "gzip": (gzip.compress(bytes(500 * 2**20)), HEADERS | {"Content-Encoding": "gzip"}),
    "zip": (b"PK\3\4" + bytes(LONG), {"Content-Type": "application/zip"}),
    "long charset": (b"{}", {"Content-Type": f"application/json; charset={'x' * LONG}"}),
    "many parameters": (b"{}", {"Content-Type": "application/json" + "; charset=x" * MANY}),
    "bytes": (b"\xff" * LONG, HEADERS),
}
"""Bodies and their headers."""
CASES = {name: (body.encode(), HEADERS) for name, body in BODIES.items()} | OTHERS


@pytest.mark.parametrize("name", CASES)
def test_request_that_would_cost_much_is_refused_at_bounded_cost(name):
    # given
    body, headers = CASES[name]
    receiver = Receiver(EventQueue(Queue(), ""), Channels({"key": "scanner"}, []), None, None, clock=lambda: NOW)
    event = {
        "httpMethod": "POST",
        "resource": "/events",
        "headers": headers,
        "requestContext": {"requestId": "request-1", "identity": {"apiKeyId": "key"}},
        "body": base64.b64encode(body).decode(),
        "isBase64Encoded": True,
    }

    # when
    tracemalloc.start()
    try:
        answer = receiver.reply(read_request(event, ""), 20).answer
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    # then
    assert answer["statusCode"] in {400, 415}
    assert json.loads(answer["body"])["request_id"] == "request-1"
    assert len(answer["body"].encode()) < LONGEST_ANSWER
    assert peak < MOST_MEMORY
