"""What nobody should send, sent to the deployed API: answered as documented, and the logs say nothing of it."""

import gzip
import hashlib
import hmac
import json
import time
import uuid
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml
from jsonschema_rs import Draft202012Validator

pytestmark = [pytest.mark.emulator, pytest.mark.xdist_group("platform")]

DOCUMENT = yaml.safe_load((Path(__file__).resolve().parents[3] / "docs/openapi.yaml").read_text())
CALLBACKS = "/callbacks/{provider}"
JSON = "application/json"
HIDDEN = "never-to-be-logged"
WRONG_KEY = "wrong-key-never-to-be-logged"
SETTLED_SECONDS = 20


class Bad(NamedTuple):
    """A request, and what is said of it."""

    body: bytes
    status: int
    problem: str
    """Words of the answer."""
    pointer: str | None = None
    """Where the problem is, if the answer says so."""
    headers: dict | None = None
    """None: JSON, and the key."""
    path: str = "/events"


def event(**members):
    return {
        "event_id": str(uuid.uuid4()),
        "event_type": "scan",
        "occurred_at": "2026-11-02T08:15:30Z",
        "source": HIDDEN,
        "payload": {"place": HIDDEN},
        **members,
    }


def sent(body):
    return json.dumps(body).encode()


def nested(depth):
    return '{"a":' * depth + f'"{HIDDEN}"' + "}" * depth


def with_payload(text):
    return sent(event()).replace(sent({"place": HIDDEN}), text.encode())


ONCE = event()
BAD = {
    "malformed JSON": Bad(sent(event())[:-1], 400, "JSON", ""),
    "no body": Bad(b"", 400, "empty", ""),
    "blank body": Bad(b"  \n", 400, "empty", ""),
    "another type of content": Bad(sent(event()), 415, "application/json", headers={"Content-Type": "text/plain"}),
    "a body of 2 MB": Bad(sent(event(payload={"place": HIDDEN * 120_000})), 413, "at most 1048576"),
    "10,001 events": Bad(sent([event() for _ in range(10_001)]), 413, "at most 1048576"),
    "10,001 small things": Bad(sent([{}] * 10_001), 400, "1,000", ""),
    "no event at all": Bad(b"[]", 400, "1 to 1,000", ""),
    "text instead of an event": Bad(sent([HIDDEN]), 400, "object", "/0"),
    "a payload that is too deep": Bad(with_payload(nested(33)), 400, "deep"),
    "a hundred thousand brackets": Bad(b"[" * 100_000, 400, "deep"),
    "one id twice": Bad(sent([ONCE, event(), ONCE]), 400, "/0", "/2/event_id"),
    "one id twice in other letters": Bad(
        sent([ONCE, {**ONCE, "event_id": ONCE["event_id"].upper()}]), 400, "/0", "/1/event_id"
    ),
    "1969": Bad(sent(event(occurred_at="1969-12-31T23:59:59Z")), 400, "before 1970", "/occurred_at"),
    "9999": Bad(sent(event(occurred_at="9999-12-31T23:59:59Z")), 400, "future", "/occurred_at"),
    "a time without its offset": Bad(sent(event(occurred_at="2026-11-02T08:15:30")), 400, "offset", "/occurred_at"),
    "a third party's name as its source": Bad(sent(event(source="scales")), 400, "third party", "/source"),
    "a channel of its own": Bad(sent(event(channel="callback:scales")), 400, "member", "/channel"),
    "NaN": Bad(with_payload('{"weight":NaN}'), 400, "NaN", ""),
    "a number beyond doubles": Bad(with_payload('{"weight":1e999}'), 400, "number", ""),
    "bytes that are not UTF-8": Bad(with_payload('{"place":"LATIN"}').replace(b"LATIN", b"\xe9"), 400, "UTF-8", ""),
    "a charset that is not UTF-8": Bad(
        sent(event()), 415, "latin-1", headers={"Content-Type": f"{JSON}; charset=latin-1"}
    ),
    "a compressed body": Bad(
        gzip.compress(sent(event())), 415, "gzip", headers={"Content-Type": JSON, "Content-Encoding": "gzip"}
    ),
    "a member that is named twice": Bad(with_payload('{"place":"a","place":"b"}'), 400, "more than once", ""),
    "half a surrogate pair": Bad(with_payload(f'{{"page":"{HIDDEN}\\ud800"}}'), 400, "surrogate"),
    "a member that no event has": Bad(sent(event(hidden=HIDDEN)), 400, "payload", "/hidden"),
    "no key": Bad(sent(event()), 403, "x-api-key", headers={"Content-Type": "application/json"}),
    "a wrong key": Bad(
        sent(event()), 403, "x-api-key", headers={"Content-Type": "application/json", "x-api-key": WRONG_KEY}
    ),
}


def signature(secret, body, timestamp):
    digest = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
    return {"Content-Type": "application/json", "X-Signature": digest, "X-Timestamp": str(timestamp)}


def bad_callbacks(stream):
    body, now = sent({"id": HIDDEN, "type": "scan"}), int(time.time())
    right = signature(stream.callback_secret, body, now)
    path = "/callbacks/scales"
    return {
        "a callback without signature": Bad(body, 401, "X-Signature", None, {"Content-Type": "application/json"}, path),
        "a callback that another secret signed": Bad(body, 401, "", None, signature(HIDDEN, body, now), path),
        "a callback whose body was changed": Bad(body + b" ", 401, "", None, right, path),
        "a callback that was signed long ago": Bad(
            body, 401, "", None, signature(stream.callback_secret, body, now - 3600), path
        ),
        "a callback that is signed for later": Bad(
            body, 401, "", None, signature(stream.callback_secret, body, now + 3600), path
        ),
        "a callback that is no JSON": Bad(
            body[:-1], 400, "JSON", "", signature(stream.callback_secret, body[:-1], now), path
        ),
        # Signed rightly over these very bytes, so that it is refused for what they are.
        "a callback of bytes that are not UTF-8": Bad(
            b'{"id":"\xe9"}', 400, "UTF-8", "", signature(stream.callback_secret, b'{"id":"\xe9"}', now), path
        ),
        "a callback of nobody that is known": Bad(body, 404, "provider", None, right, "/callbacks/nobody"),
        # The last: what it repeats is accepted first.
        "a replayed callback": Bad(body, 409, "before", None, right, path),
    }


NAMES = [*BAD, *bad_callbacks(type("Nobody", (), {"callback_secret": ""}))]


@pytest.fixture(scope="module")
def answers(event_stream):
    """Everything bad, sent once: request and answer by name, and that none of it is in the queue."""
    with event_stream.batcher_held():
        requests = BAD | bad_callbacks(event_stream)
        found = {}
        for name, bad in requests.items():
            if bad.status == 409:
                assert event_stream.post(bad.body, bad.path, bad.headers).status == 202
            headers = bad.headers
            if headers and bad.path == "/events" and bad.status == 415:
                headers = {**headers, "x-api-key": event_stream.api_key}
            found[name] = bad, event_stream.post(bad.body, bad.path, headers)
        stored = event_stream.take()
    return found, stored


@pytest.mark.parametrize("name", NAMES)
def test_it_is_refused_as_documented_and_the_answer_says_why(answers, name):
    # given the request and its answer
    bad, answer = answers[0][name]
    assert answer.status == bad.status, answer.body
    problem = answer.document

    # then the answer has the documented form
    path = bad.path if bad.path in DOCUMENT["paths"] else CALLBACKS
    assert str(bad.status) in DOCUMENT["paths"][path]["post"]["responses"]
    Draft202012Validator({**DOCUMENT, "$ref": "#/components/schemas/Problem"}).validate(problem)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert problem["status"] == bad.status

    # and says what is wrong and where, and nothing of what was sent
    assert bad.problem in json.dumps(problem, ensure_ascii=False)
    if bad.pointer is not None:
        assert bad.pointer in [each["pointer"] for each in problem["errors"]]
    assert HIDDEN not in json.dumps(problem)


def test_nothing_of_it_is_stored_but_the_callback_that_was_replayed(answers):
    assert [json.loads(message["Body"])["source"] for message in answers[1]] == ["scales"]


@pytest.mark.parametrize(("method", "path"), [("PUT", "/events"), ("DELETE", "/health"), ("POST", "/nothing")])
def test_a_path_or_method_that_the_document_does_not_have_is_answered_by_the_gateway(event_stream, method, path):
    answer = event_stream.post(b"{}", path, method=method)
    assert (answer.status, answer.document["detail"]) == (403, "the API does not have this path and method")


def logged(target):
    """All that any function or gateway logged, by group."""
    logs = target.client("logs")
    found = {}
    for page in logs.get_paginator("describe_log_groups").paginate():
        for group in page["logGroups"]:
            name = group["logGroupName"]
            pages = logs.get_paginator("filter_log_events").paginate(logGroupName=name)
            found[name] = "\n".join(each["message"] for part in pages for each in part["events"])
    return found


def test_the_logs_carry_no_payload_key_secret_or_signature(answers, event_stream):
    # given that every request which the receiver saw is logged
    seen = [answer.document.get("request_id") for bad, answer in answers[0].values() if bad.status != 403]
    deadline = time.monotonic() + SETTLED_SECONDS
    while True:
        groups = logged(event_stream.target)
        receiver = "".join(text for name, text in groups.items() if "event-receiver" in name)
        if all(request in receiver for request in seen):
            break
        assert time.monotonic() < deadline, "not every request is in the receiver's log"
        time.sleep(0.1)  # between two polls: CloudWatch Logs tells nobody that a line has arrived
    assert receiver.count('"answered"') >= len(seen)

    # then nothing confidential is in any log
    signatures = [bad.headers["X-Signature"] for bad, _ in answers[0].values() if "X-Signature" in (bad.headers or {})]
    for confidential in (HIDDEN, WRONG_KEY, event_stream.api_key, event_stream.callback_secret, *signatures):
        assert [name for name, text in groups.items() if confidential in text] == []
