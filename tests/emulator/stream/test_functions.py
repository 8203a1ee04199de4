"""The stream's functions against SQS, S3, SSM and DynamoDB: handlers with their own clients, under deployed roles."""

import gzip
import hashlib
import hmac
import io
import json
import random
import threading
import time
import uuid
from collections import Counter
from datetime import date
from types import SimpleNamespace

import pytest
from botocore.exceptions import ReadTimeoutError

from functions.event_batcher import handler as batcher
from functions.event_receiver import handler as receiver
from functions.object_index import handler as recorder
from lake.keys import inbound_object
from lake.object_index.items import Progress
from lake.warehouse_metadata import ColumnFacts, WarehouseMetadata
from tests.support.event_functions import KEY_ID, SECRET, forget_environment
from tests.support.invocations import invocation

pytestmark = pytest.mark.emulator


def call(route, body, headers=None, provider=None, seconds=12):
    event = {
        "httpMethod": "POST",
        "resource": route,
        "headers": {"Content-Type": "application/json", **(headers or {})},
        "pathParameters": {"provider": provider},
        "requestContext": {"requestId": str(uuid.uuid4()), "identity": {"apiKeyId": KEY_ID}},
        "body": body,
    }
    answer = receiver.handler(event, context(seconds))
    return answer["statusCode"], json.loads(answer["body"])


def context(seconds=12):
    return invocation("lambda-1", lambda: seconds)


def signed(body):
    timestamp = str(int(time.time()))
    digest = hmac.new(SECRET.encode(), f"{timestamp}.{body}".encode(), hashlib.sha256).hexdigest()
    return {"X-Signature": digest, "X-Timestamp": timestamp}


def an_event():
    return {
        "event_id": str(uuid.uuid4()),
        "event_type": "scan",
        "occurred_at": "2026-11-02T08:15:30Z",
        "source": "scanner",
        "payload": {"member_id": 17, "place": "hidden \uffff \U0001f600 é\u0000"},
    }


def test_posted_events_are_in_one_object_poison_in_dead_letters(events_stack):
    # given
    events = [an_event() for _ in range(35)]
    status, answer = call("/events", json.dumps(events))
    assert (status, answer["accepted"]) == (202, [event["event_id"] for event in events])
    events_stack.sqs.send_message(QueueUrl=events_stack.queue, MessageBody="poison")

    # when
    records = [
        {"messageId": each["MessageId"], "body": each["Body"], "attributes": each["Attributes"]}
        for each in events_stack.messages(events_stack.queue, 36)
    ]
    answer = batcher.handler({"Records": records}, context())

    # then
    assert answer == {"batchItemFailures": []}
    (listed,) = events_stack.s3.list_objects_v2(Bucket=events_stack.bucket, Prefix="inbound/readings/")["Contents"]
    landed = events_stack.s3.get_object(Bucket=events_stack.bucket, Key=listed["Key"])
    lines = [json.loads(line) for line in gzip.decompress(landed["Body"].read()).decode().split("\n")[:-1]]
    assert landed["Metadata"] == {"rows": "35", "correlation-id": context().aws_request_id}
    posted = {event["event_id"]: event for event in events}
    assert {line["event_id"]: {name: line[name] for name in an_event()} for line in lines} == posted
    (dead,) = events_stack.messages(events_stack.dead_letters, 1)
    assert (dead["Body"], dead["MessageAttributes"]["reason"]["StringValue"]) == ("poison", "it is not JSON")


def test_a_callback_is_accepted_once(events_stack):
    # given
    body = '{"id": "scale_1", "weight": 5}'
    headers = signed(body)

    # when
    answers = [call("/callbacks/{provider}", body, headers, "scales")[0] for _ in range(2)]

    # then
    assert answers == [202, 409]
    assert len(events_stack.messages(events_stack.queue, 1)) == 1


def test_callback_refused_by_the_queue_is_accepted_on_retry(events_stack, monkeypatch):
    # given a queue that does not exist
    body = '{"id": "scale_2"}'
    headers = signed(body)
    monkeypatch.setenv("EVENTS_QUEUE_URL", f"{events_stack.queue}-gone")
    forget_environment()
    assert call("/callbacks/{provider}", body, headers, "scales", seconds=7)[0] == 503

    # when
    monkeypatch.setenv("EVENTS_QUEUE_URL", events_stack.queue)
    forget_environment()

    # then
    assert call("/callbacks/{provider}", body, headers, "scales")[0] == 202


def test_callback_being_stored_by_another_request_is_no_replay(events_stack):
    # given a claim that was not ended
    body = '{"id": "scale_3"}'
    headers = signed(body)
    key = f"scales#{headers['X-Signature']}"
    claim = {"signature": key, "request_id": "another", "until": int(time.time()) + 60, "expires_at": 0}
    events_stack.signatures.put_item(Item=claim)

    # when the claim is recent, and when it has expired
    fresh, _ = call("/callbacks/{provider}", body, headers, "scales")
    events_stack.signatures.put_item(Item={**claim, "until": int(time.time()) - 1})
    over, _ = call("/callbacks/{provider}", body, headers, "scales")

    # then
    assert (fresh, over) == (503, 202)


class RefusingQueue:
    """Makes an SQS client meet random refusals, through botocore's events. The receiver's own client is used.

    Whole requests fail before they are sent, single messages are refused, and answers are lost after everything was
    stored.
    """

    def __init__(self, client, seed):
        self._random = random.Random(seed)  # noqa: S311  # a seed kept to see it again
        self._left_out = threading.local()
        self.refuses, self.met = set(), Counter()
        events = client.meta.events
        events.register("provide-client-params.sqs.SendMessageBatch", self._leave_out)
        events.register("before-call.sqs.SendMessageBatch", self._refuse_request)
        events.register("after-call.sqs.SendMessageBatch", self._answer)

    def _meets(self, refusal):
        met = refusal in self.refuses and self._random.random() < 0.5
        self.met[refusal] += met
        return met

    def _refuse_request(self, **_):
        if self._meets("the request"):
            error = {"Code": "ServiceUnavailable", "Message": "refused"}
            return SimpleNamespace(status_code=503), {"Error": error, "ResponseMetadata": {}}
        return None

    def _leave_out(self, params, **_):
        entries = params["Entries"]
        self._left_out.ids = [each["Id"] for each in entries if len(entries) > 1 and self._meets("a message")][1:]
        return {**params, "Entries": [each for each in entries if each["Id"] not in self._left_out.ids]}

    def _answer(self, parsed, **_):
        refusal = {"SenderFault": False, "Code": "InternalError"}
        if self._left_out.ids:
            parsed["Failed"] = [{"Id": each, **refusal} for each in self._left_out.ids]
        if self._meets("the answer"):
            raise ReadTimeoutError(endpoint_url="http://refused")


REFUSALS = ("the request", "a message", "the answer")


def land_all(stack):
    """Let the batcher land everything in the queue. Return the ids of the landed events, and the number of lines."""
    while messages := stack.messages(stack.queue, 500, seconds=0):
        records = [
            {"messageId": each["MessageId"], "body": each["Body"], "attributes": each["Attributes"]}
            for each in messages
        ]
        assert batcher.handler({"Records": records}, context()) == {"batchItemFailures": []}
    ids = Counter()
    for listed in stack.s3.list_objects_v2(Bucket=stack.bucket, Prefix="inbound/readings/").get("Contents", ()):
        body = stack.s3.get_object(Bucket=stack.bucket, Key=listed["Key"])["Body"].read()
        ids.update(json.loads(line)["event_id"] for line in gzip.decompress(body).decode().split("\n")[:-1])
    return ids


@pytest.mark.parametrize("refusals", [("the request",), ("a message",), ("the request", "a message")])
def test_only_events_answered_202_are_in_the_lake(events_stack, refusals):
    # given a queue that refuses at random, and callers that do not retry
    queue = RefusingQueue(receiver.receiver()._queue._client, seed=3)
    queue.refuses = set(refusals)
    accepted, refused, statuses = [], [], Counter()

    # when they post
    for count in (1, 2, 9, 10, 11, 25, 40, 100) * 3:
        events = [an_event() for _ in range(count)]
        status, answer = call("/events", json.dumps(events), seconds=7.05)
        statuses[status] += 1
        accepted += answer["accepted"]
        refused += answer.get("not_stored", [])
        assert sorted(answer["accepted"] + answer.get("not_stored", [])) == sorted(each["event_id"] for each in events)

    # then
    assert statuses.keys() == {202, 503}
    assert all(queue.met[each] for each in refusals)
    assert refused
    assert land_all(events_stack) == Counter(accepted)


def test_no_event_answered_202_is_lost_when_answers_are_lost(events_stack):
    # given a queue that refuses in all ways
    queue = RefusingQueue(receiver.receiver()._queue._client, seed=4)
    queue.refuses = set(REFUSALS)
    posted = [[an_event() for _ in range(count)] for count in (1, 10, 35, 100)]

    # when callers retry what was not stored, until everything is accepted
    for events in posted:
        waiting = {each["event_id"]: each for each in events}
        while waiting:
            _, answer = call("/events", json.dumps([*waiting.values()]), seconds=7.3)
            for event_id in answer["accepted"]:
                del waiting[event_id]

    # then everything is in the lake, some events several times
    ids = land_all(events_stack)
    assert ids.keys() == {each["event_id"] for events in posted for each in events}
    assert queue.met.keys() == set(REFUSALS)


@pytest.mark.usefixtures("events_stack")
def test_logs_carry_no_payload_key_secret_or_signature(capsys, monkeypatch):
    # given the log, beside the metrics, which are printed
    log = io.StringIO()
    for handler in receiver.logger.handlers:
        monkeypatch.setattr(handler, "stream", log)
    body = '{"id": "scale_4", "card": "hidden"}'
    headers = {**signed(body), "x-api-key": "hidden-key"}

    # when requests are answered in all ways
    statuses = [
        call("/callbacks/{provider}", body, headers, "scales")[0],
        call("/callbacks/{provider}", body, headers, "scales")[0],
        call("/callbacks/{provider}", body + " ", headers, "scales")[0],
        call("/events", json.dumps({**an_event(), "hidden": 1}), headers)[0],
        call("/events", json.dumps(an_event()), headers)[0],
        call("/events", '{"hidden": ', headers)[0],
        call("/hidden", body, headers)[0],
    ]

    # then
    assert statuses == [202, 409, 401, 400, 202, 400, 404]
    written = capsys.readouterr()
    assert log.getvalue().count('"answered"') == 7
    for confidential in ("hidden", SECRET, headers["X-Signature"]):
        assert confidential not in (log.getvalue() + written.out + written.err).replace("POST /hidden", "")


def recorded(*keys):
    """Let the function record objects from their events, as SQS delivers them. Return the ids of failed messages."""
    bodies = [json.dumps({"detail": {"object": {"key": key}}}) for key in keys]
    records = [{"messageId": key, "body": body} for key, body in zip(keys, bodies, strict=True)]
    answer = recorder.handler({"Records": records}, context())
    return [each["itemIdentifier"] for each in answer["batchItemFailures"]]


@pytest.mark.parametrize("order", [("inbound", "warehouse"), ("warehouse", "inbound"), ("inbound", "warehouse") * 2])
def test_object_is_processed_in_any_order_and_number_of_events(events_stack, order):
    # given
    parcel = inbound_object("parcels", date(2026, 11, 23), "v.csv")
    keys = {"inbound": parcel.key, "warehouse": parcel.warehouse_key}
    told = WarehouseMetadata(
        run="r",
        rows_in=1,
        rows_warehouse=1,
        rows_quarantined=0,
        rows_duplicate=0,
        columns={"id": ColumnFacts(0, 1)},
    )
    events_stack.s3.put_object(Bucket=events_stack.bucket, Key=keys["inbound"], Body=b"id,town\n1,x\n")
    events_stack.s3.put_object(Bucket=events_stack.bucket, Key=keys["warehouse"], Body=b"p", Metadata=told.encoded())

    # when
    failed = [recorded(keys[each]) for each in order]

    # then
    assert not any(failed)
    (known,) = events_stack.index.of_day("parcels", date(2026, 11, 23))
    assert (known.inbound, known.progress, known.landing.columns) == (parcel, Progress.PROCESSED, ("id", "town"))
    total = events_stack.totals.of_datasets(["parcels"])["parcels"]
    assert (total.objects, total.processed, total.rows_in, total.bytes) == (1, 1, 1, 12)


def test_deleted_object_leaves_the_index_under_the_deployed_role(events_stack):
    # given
    parcel = inbound_object("parcels", date(2026, 11, 23), "v.csv")
    events_stack.s3.put_object(Bucket=events_stack.bucket, Key=parcel.key, Body=b"id\n1\n")
    assert recorded(parcel.key) == []
    assert events_stack.totals.of_datasets(["parcels"])["parcels"].waiting == 1

    # when
    events_stack.s3.delete_object(Bucket=events_stack.bucket, Key=parcel.key)

    # then
    assert recorded(parcel.key) == []
    assert events_stack.index.get(parcel.key) is None
    assert events_stack.totals.of_datasets(["parcels"])["parcels"].waiting == 0
