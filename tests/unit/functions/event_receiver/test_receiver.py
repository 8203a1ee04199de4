"""Posted events: either all events of a request are queued and answered 202, or none is and every problem is named."""

import base64
import gzip
import json
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from functions.event_receiver.channels import Channels
from functions.event_receiver.event_queue import EventQueue
from functions.event_receiver.receiver import Receiver
from functions.event_receiver.request import MAXIMUM_BODY_BYTES, read_request
from lake.events import check_stored_event

NOW = datetime(2026, 11, 23, 9, 0, 0, 250_000, tzinfo=UTC)
JSON = "application/json"
KEY = "key-1"


class MemorySqs:
    """A queue in memory that acknowledges everything."""

    def __init__(self):
        self.bodies = []

    def send_message_batch(self, *, Entries, **_):  # noqa: N803 - boto3's name
        self.bodies += [entry["MessageBody"] for entry in Entries]
        return {"Successful": [{"Id": entry["Id"]} for entry in Entries]}


@pytest.fixture
def sqs():
    return MemorySqs()


@pytest.fixture
def post(sqs):
    channels = Channels({KEY: "scanner", "key-2": "handheld"}, ["scales"])
    receiver = Receiver(EventQueue(sqs, "queue"), channels, providers=None, signatures=None, clock=lambda: NOW)

    def send(body, content_type=JSON, method="POST", resource="/events", key=KEY, **members):
        event = {
            "httpMethod": method,
            "resource": resource,
            "headers": {"Content-Type": content_type} if content_type else None,
            "requestContext": {"requestId": "request-1", "identity": {"apiKeyId": key}},
            "body": body if isinstance(body, str | None) else json.dumps(body),
            **members,
        }
        answer = receiver.reply(read_request(event, "fallback"), 20).answer
        return answer["statusCode"], json.loads(answer["body"]), answer["headers"]["Content-Type"]

    return send


def an_event(**members):
    return {
        "event_id": str(uuid.uuid4()),
        "event_type": "weighing",
        "occurred_at": "2026-11-23T08:15:30+01:00",
        "source": "scanner",
        "payload": {"weight": "129.00", "label": "AB12CDE"},
        **members,
    }


def nested(levels):
    return "[" * (levels - 1) + "]" * (levels - 1)


def test_event_is_stored_with_its_time_and_request(post, sqs):
    # given
    event = an_event()

    # when
    status, answer, media_type = post(event)

    # then
    assert (status, media_type) == (202, JSON)
    assert answer == {"request_id": "request-1", "accepted": [event["event_id"]]}
    (line,) = sqs.bodies
    assert json.loads(line) == {
        **event,
        "received_at": "2026-11-23T09:00:00.250Z",
        "request_id": "request-1",
        "channel": "key:scanner",
    }
    check_stored_event(line)


@pytest.mark.parametrize(("key", "channel"), [(KEY, "key:scanner"), ("key-2", "key:handheld")])
def test_event_is_stored_with_the_provider_of_its_key(post, sqs, key, channel):
    # when its member `channel` names another sender
    post(an_event(source="handheld"), key=key)

    # then
    assert json.loads(sqs.bodies[0])["channel"] == channel


@pytest.mark.parametrize("key", ["", "key-3", None])
def test_event_with_an_unknown_key_is_refused_for_now(post, sqs, key):
    # when
    status, answer, _ = post(an_event(), key=key)

    # then
    assert (status, sqs.bodies) == (503, [])
    assert answer["detail"].startswith("the API key does not belong to a provider; send the request again later")


@pytest.mark.parametrize("source", ["scales", "Scales", " scales "])
def test_source_that_names_a_callback_is_refused(post, sqs, source):
    # when
    status, answer, _ = post([an_event(), an_event(source=source)])

    # then
    assert (status, sqs.bodies) == (400, [])
    assert answer["errors"] == [
        {"pointer": "/1/source", "problem": "is the name of a third party, which only its signed callbacks may use"}
    ]


def test_event_that_states_its_channel_is_refused(post, sqs):
    # when
    status, answer, _ = post(an_event(channel="callback:scales"))

    # then
    assert (status, sqs.bodies) == (400, [])
    assert [error["pointer"] for error in answer["errors"]] == ["/channel"]


def test_event_with_reordered_members_is_stored_as_the_same_line(post, sqs):
    # given
    event = an_event(payload={"weight": "129.00", "of": {"a": 1, "b": [{"c": 1, "d": 2}]}})
    reordered = dict(reversed(event.items())) | {
        "payload": {"of": {"b": [{"d": 2, "c": 1}], "a": 1}, "weight": "129.00"}
    }

    # when
    post(json.dumps(event))
    post(json.dumps(reordered))

    # then
    assert sqs.bodies[0] == sqs.bodies[1]


def test_a_thousand_events_are_stored_in_batches(post, sqs):
    # given
    events = [an_event() for _ in range(1000)]

    # when
    status, answer, _ = post(events)

    # then
    assert status == 202
    assert answer["accepted"] == [event["event_id"] for event in events]
    assert sorted(json.loads(line)["event_id"] for line in sqs.bodies) == sorted(answer["accepted"])


def test_what_is_stored_is_what_was_posted_to_the_last_digit(post, sqs):
    # given integers beyond a double's precision, noncharacters, escapes
    body = json.dumps(an_event()).replace(
        '"129.00"',
        '123456789012345678901234567890, "b": 0.1, "c": "\\uffff\\u0000\\ud83d\\ude00 \\n é", "d": [null, {}]',
    )

    # when
    status, _, _ = post(body)

    # then
    assert status == 202
    stored = json.loads(sqs.bodies[0])
    assert stored["payload"] == json.loads(body)["payload"]
    assert "\uffff" not in sqs.bodies[0]


def test_an_id_in_capitals_is_the_same_id(post):
    # given
    event = an_event(event_id="0B8F7B1E-2F5A-4D3C-9D3E-5A6B7C8D9E0F")

    # when
    status, answer, _ = post(event)

    # then
    assert (status, answer["accepted"]) == (202, ["0b8f7b1e-2f5a-4d3c-9d3e-5a6b7c8d9e0f"])


def test_a_body_in_base64_is_read(post, sqs):
    # when
    status, _, _ = post(base64.b64encode(json.dumps(an_event()).encode()).decode(), isBase64Encoded=True)

    # then
    assert (status, len(sqs.bodies)) == (202, 1)


@pytest.mark.parametrize("content_type", [None, "", "text/plain", "application/jsonp", "application/json x"])
def test_a_body_that_is_not_declared_as_json_is_refused(post, sqs, content_type):
    # when
    status, answer, media_type = post(an_event(), content_type)

    # then
    assert (status, media_type, sqs.bodies) == (415, "application/problem+json", [])
    assert answer["title"] == "Unsupported Media Type"
    assert answer["detail"] == "the Content-Type is not application/json; send the body as application/json"


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json; charset=utf-8",
        "Application/JSON",
        'application/json;charset="UTF-8"',
        "application/json; charset=utf8",
        "application/json; charset=UTF-8;",
        "application/json; charset = utf-8",
        "application/json; charset=utf-8; boundary=x",
        "application/json; boundary=x",
    ],
)
def test_a_declared_charset_of_utf_8_is_taken(post, content_type):
    assert post(an_event(), content_type)[0] == 202


@pytest.mark.parametrize("charset", ["iso-8859-1", "utf-16", "", "utf-8; charset=latin-1", "UTF-8x"])
def test_another_charset_is_refused_by_its_name(post, sqs, charset):
    # when
    status, answer, _ = post(an_event(), f"application/json; charset={charset}")

    # then
    assert (status, sqs.bodies) == (415, [])
    assert answer["detail"].startswith("the charset ")
    assert charset.rpartition("=")[2] in answer["detail"]


@pytest.mark.parametrize("encoding", ["gzip", "br", "gzip, identity"])
def test_compressed_body_is_refused_by_its_encoding(post, sqs, encoding):
    # given a compressed body
    body = base64.b64encode(gzip.compress(json.dumps(an_event()).encode())).decode()

    # when
    headers = {"Content-Type": JSON, "Content-Encoding": encoding}
    status, answer, _ = post(body, isBase64Encoded=True, headers=headers)

    # then
    assert (status, sqs.bodies) == (415, [])
    assert answer["detail"] == f'the Content-Encoding "{encoding}" is not accepted; send the body uncompressed'


def test_encoding_identity_is_accepted(post):
    assert post(an_event(), headers={"Content-Type": JSON, "Content-Encoding": "identity"})[0] == 202


def test_a_body_of_two_mebibytes_is_refused(post, sqs):
    # when
    status, answer, _ = post(" " * 2 * MAXIMUM_BODY_BYTES)

    # then
    assert (status, answer["title"], sqs.bodies) == (413, "Content Too Large", [])
    assert "2097152 bytes, and at most 1048576" in answer["detail"]


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (None, "is empty"),
        ("", "is empty"),
        (" \n", "is empty"),
        ('{"event_id": ', "is malformed JSON: line 1, column 14: Expecting value"),
        ("{} {}", "is malformed JSON"),
        ("\ufeff{}", "is malformed JSON"),
        ("[" * 100_000, "is nested deeper than 32 levels"),
        (nested(200), "is nested deeper than 32 levels"),
        ('{"payload": NaN}', "holds NaN, which is not JSON"),
        ('{"payload": {"amount": 1, "amount": 2}}', 'names the member "amount" more than once'),
        ('{"payload": -Infinity}', "holds -Infinity, which is not JSON"),
        ('{"payload": 1e999}', "holds a number that is too large for a double"),
        ("1" * 5000, "holds an integer of more than 4,300 digits"),
        (r'{"payload": "\ud800"}', "holds half of a surrogate pair"),
        (r'{"\udfff": 1}', "holds half of a surrogate pair"),
        ('{"payload": "\ud800"}', "is not UTF-8 text"),
        ("[]", "holds 0 events; post 1 to 1,000 in one request"),
        ("[" + ",".join(["0"] * 10_001) + "]", "holds 10,001 events; post 1 to 1,000 in one request"),
        ("3", "is not an event, because it is not an object"),
        ("null", "is not an event, because it is not an object"),
        ('"text"', "is not an event, because it is not an object"),
    ],
)  # fmt: skip
def test_a_body_that_is_wrong_as_a_whole_is_refused(post, sqs, body, problem):
    # when
    status, answer, media_type = post(body)

    # then
    assert (status, media_type, sqs.bodies) == (400, "application/problem+json", [])
    (error,) = answer["errors"]
    assert error["pointer"] == ""
    assert error["problem"].startswith(problem)
    assert answer["request_id"] == "request-1"


def test_body_nested_nearly_too_deep_to_be_parsed_is_refused(post, sqs):
    # when an escape makes the receiver look for half characters, at every depth around the parser's limit
    answers = [post('{"\\u0041":' * depth + "1" + "}" * depth) for depth in range(900, 1010)]

    # then none counts as a defect
    assert {(status, answer["errors"][0]["problem"]) for status, answer, _ in answers} == {
        (400, "is nested deeper than 32 levels")
    }
    assert sqs.bodies == []


def test_bytes_that_are_no_utf_8_are_refused(post):
    # when
    status, answer, _ = post(base64.b64encode(b'{"payload": "\xff"}').decode(), isBase64Encoded=True)

    # then
    assert (status, answer["errors"]) == (400, [{"pointer": "", "problem": "is not UTF-8 text"}])


@pytest.mark.parametrize(
    ("member", "value", "problem"),
    [
        ("event_id", "1234", "is not a UUID of 36 characters"),
        ("event_id", 5, "is not a UUID of 36 characters"),
        ("event_type", "Payment", "is not a name of a lower-case letter and"),
        ("event_type", "a" * 64, "is not a name of a lower-case letter and"),
        ("event_type", "weighing\n", "is not a name of a lower-case letter and"),
        ("occurred_at", "1969-12-31T23:59:59Z", "is before 1970"),
        ("occurred_at", "1970-01-01T00:00:00+01:00", "is before 1970"),
        ("occurred_at", "9999-12-31T23:59:59-23:59", "is more than 24 hours in the future"),
        ("occurred_at", "2026-11-24T09:00:01Z", "is more than 24 hours in the future"),
        ("occurred_at", "0000-01-01T00:00:00Z", "is not an RFC 3339 time with an offset"),
        ("occurred_at", "2026-02-30T00:00:00Z", "is not an RFC 3339 time with an offset"),
        ("occurred_at", "2026-11-23T08:15:30", "is not an RFC 3339 time with an offset"),
        ("occurred_at", "2026-11-23", "is not an RFC 3339 time with an offset"),
        ("occurred_at", "2026-11-23T08:15:30Z\n", "is not an RFC 3339 time with an offset"),
        ("occurred_at", 1795421730, "is not an RFC 3339 time with an offset"),
        ("source", "", "is not 1 to 100 printable ASCII characters"),
        ("source", "a" * 101, "is not 1 to 100 printable ASCII characters"),
        ("source", "a\tb", "is not 1 to 100 printable ASCII characters"),
        ("payload", [], "is not an object"),
        ("payload", None, "is not an object"),
        ("extra", 1, "is not a member of an event"),
        ("a/b~c", 1, "is not a member of an event"),
    ],
)  # fmt: skip
def test_a_member_that_is_wrong_is_named_by_its_pointer(post, sqs, member, value, problem):
    # given a valid event before it
    token = member.replace("~", "~0").replace("/", "~1")

    # when
    alone, in_array = post(an_event(**{member: value})), post([an_event(), an_event(**{member: value})])

    # then
    for (status, answer, _), pointer in ((alone, f"/{token}"), (in_array, f"/1/{token}")):
        assert (status, sqs.bodies) == (400, [])
        (error,) = answer["errors"]
        assert error["pointer"] == pointer
        assert error["problem"].startswith(problem)


def test_every_problem_of_a_request_is_named_in_event_order(post, sqs):
    # given
    lacking = an_event(occurred_at="9999-12-31T23:59:59Z")
    del lacking["payload"]
    repeated = an_event()

    # when
    status, answer, _ = post([repeated, 7, lacking, {**repeated, "event_id": repeated["event_id"].upper()}])

    # then
    assert (status, answer["detail"], sqs.bodies) == (400, "4 problems; nothing was stored", [])
    assert [(each["pointer"], each["problem"]) for each in answer["errors"]] == [
        ("/1", "is not an event, because it is not an object"),
        ("/2/occurred_at", "is more than 24 hours in the future"),
        ("/2/payload", "is missing"),
        ("/3/event_id", "is also the id of the event at /0"),
    ]


def test_more_problems_than_an_answer_can_hold_are_counted(post):
    # when
    status, answer, _ = post([{} for _ in range(1000)])

    # then
    assert (status, len(answer["errors"])) == (400, 1000)
    assert answer["detail"] == "5,000 problems, only the first 1,000 are listed; nothing was stored"


@pytest.mark.parametrize("as_array", [False, True])
def test_a_payload_may_be_nested_32_levels_deep_and_no_deeper(post, as_array):
    for levels, expected in ((32, 202), (33, 400)):
        # given
        event = json.dumps(an_event(payload="DEEP")).replace('"DEEP"', f'{{"a": {nested(levels)}}}')

        # when
        status, _, _ = post(f"[{event}]" if as_array else event)

        # then
        assert status == expected


def test_an_event_of_200_kibibytes_is_the_largest(post, sqs):
    # given
    large = an_event(payload={"text": ""})
    post(large)
    room = 200 * 1024 - len(sqs.bodies.pop())

    # when
    fits, too_large = (post([an_event(payload={"text": "x" * (room + more)})]) for more in (0, 1))

    # then
    assert (fits[0], too_large[0]) == (202, 400)
    assert too_large[1]["errors"] == [
        {"pointer": "/0", "problem": "takes 204,801 bytes when stored; at most 204,800 are accepted"}
    ]


def test_a_time_up_to_24_hours_ahead_is_taken(post):
    assert post(an_event(occurred_at=(NOW + timedelta(hours=24)).isoformat()))[0] == 202


def test_health_is_answered(post):
    assert post(None, method="GET", resource="/health")[:2] == (200, {"status": "ok"})


@pytest.mark.parametrize(
    ("method", "resource"), [("GET", "/events"), ("POST", "/"), ("POST", "/health"), ("PUT", "/x")]
)
def test_an_unknown_route_is_not_found(post, method, resource):
    # when
    status, answer, media_type = post(an_event(), method=method, resource=resource)

    # then
    assert (status, answer["title"], media_type) == (404, "Not Found", "application/problem+json")
