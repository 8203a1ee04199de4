"""Every result for an event, a callback and an object's record, on a whole platform."""

import json
import time
import uuid

from ops.stack.row_accounts import landed_objects
from tests.support.deployed_functions import changed_function, time_limit
from tests.support.platform_steps import eventually
from tests.support.stream import EventStream

SECONDS = 60
NOBODY = "http://127.0.0.1:1"
"""An address without a listener."""


def end_events(target):
    """Run them all."""
    stream = EventStream(target)
    store_events(target, stream)
    bury_poison(target, stream)
    lose_the_queue(target, stream)
    meet_a_deleted_object(target)


def store_events(target, stream):
    """Events and a callback land; one is repeated; one is refused."""
    event = {
        "event_id": str(uuid.uuid4()),
        "event_type": "weighing",
        "occurred_at": "2026-01-02T03:04:05Z",
        "source": "scanner",
        "payload": {"weight": "1"},
    }
    before = len(landed_objects(target, "readings"))
    answers = [stream.post(event), stream.post([event]), stream.post({"events": [event]})]
    now = time.time()
    answers += [stream.call_back(b'{"id": "c1", "type": "paid"}', signed_at=now) for _ in range(2)]
    assert [answer.status for answer in answers] == [202, 202, 400, 202, 409]
    eventually(lambda: len(landed_objects(target, "readings")) > before, SECONDS, "the events' object")


def bury_poison(target, stream):
    """A message that is not an event goes to the dead-letter queue."""
    stream.settle()
    before = stream.waiting("eventsDeadLetterQueueUrl")
    target.client("sqs").send_message(QueueUrl=target.exports["eventsQueueUrl"], MessageBody="poison")
    eventually(lambda: stream.waiting("eventsDeadLetterQueueUrl") > before, SECONDS, "the dead letter")


def lose_the_queue(target, stream):
    """A callback that could not be queued leaves no trace, and is accepted when it is sent again."""
    functions, name = target.client("lambda"), target.exports["eventReceiverFunction"]
    variables = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    lost = {"Variables": {**variables, "AWS_ENDPOINT_URL_SQS": NOBODY}}
    body, now = b'{"id": "c2", "type": "paid"}', time.time()
    with changed_function(target, name, Environment=lost, **time_limit(10)):
        assert stream.call_back(body, signed_at=now).status == 503
    assert stream.call_back(body, signed_at=now).status == 202


def meet_a_deleted_object(target):
    """The event of an object that was deleted before the recorder read it."""
    event = {"detail": {"object": {"key": "inbound/parcels/2026/01/02/deleted.csv"}}}
    batch = {"Records": [{"messageId": "deleted", "body": json.dumps(event)}]}
    answer = target.client("lambda").invoke(
        FunctionName=target.exports["objectAttributesFunction"], Payload=json.dumps(batch).encode()
    )
    assert json.loads(answer["Payload"].read()) == {"batchItemFailures": []}
