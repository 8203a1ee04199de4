"""What is shown of a dead letter, and where each kind of them leads back to."""

import json
from datetime import UTC, datetime

import pytest

from ops.dead_letters.describe import describe, object_key, request_of
from ops.dead_letters.queues import QUEUES, DeadLetterError, Moved, discard, move_back
from ops.dead_letters.redrive import check_mended, extracted_dataset
from ops.stack.target import Target

SECRET = "never-to-be-shown"
CREATED = {
    "detail-type": "Object Created",
    "time": "2026-11-27T02:00:00Z",
    "detail": {"object": {"key": "inbound/parcels/2026/11/27/a.csv", "etag": SECRET}},
}
STORED = {
    "event_id": "00000000-0000-4000-8000-000000000001",
    "event_type": "scan",
    "occurred_at": "2026-01-02T10:00:00Z",
    "source": "scanner",
    "payload": {"place": SECRET},
    "received_at": "2026-01-02T10:00:01.000Z",
    "request_id": "request",
}
SCHEDULES = {"extraction/members": "members", "extraction/order": "order"}


def message(body, **attributes):
    return {
        "MessageId": "message-1",
        "Body": body if isinstance(body, str) else json.dumps(body),
        "Attributes": {"SentTimestamp": "1764208800000"},
        "MessageAttributes": {name: {"StringValue": text, "DataType": "String"} for name, text in attributes.items()},
    }


# --- what is shown ----------------------------------------------------------------------------------------------------


def test_a_look_tells_when_a_message_came_and_how_large_it_is():
    letter = describe(message("é"))
    assert (letter.message_id, letter.bytes) == ("message-1", 2)
    assert letter.sent_at == datetime(2025, 11, 27, 2, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("letter", "beginning"),
    [
        (message(STORED), {name: STORED[name] for name in ("event_id", "event_type", "occurred_at")}),
        (message({"requestPayload": {"dataset": "parcels", "token": SECRET}}), {"dataset": "parcels"}),
        (
            message({"requestPayload": CREATED}),
            {
                "detail-type": "Object Created",
                "time": "2026-11-27T02:00:00Z",
                "key": "inbound/parcels/2026/11/27/a.csv",
            },
        ),
    ],
)
def test_a_message_is_told_by_what_names_it_and_by_nothing_else(letter, beginning):
    assert json.loads(describe(letter).beginning) == beginning


@pytest.mark.parametrize(
    ("body", "beginning"),
    [
        ("torn {", "torn {"),
        ("[1, 2]", "[1, 2]"),
        ('"text"', '\\"text\\"'),
        ('{"payload": {"card": "never-to-be-shown"}', '{\\"'),
        ("x" * 100, "x" * 60),
        ("line\nbreak", "line\\nbreak"),
        ("[" * 100_000, "[" * 60),
        ("", ""),
    ],
)
def test_of_what_is_no_message_of_ours_the_beginning_is_shown_up_to_a_payload(body, beginning):
    assert describe(message(body)).beginning == beginning


@pytest.mark.parametrize(
    ("letter", "reason"),
    [
        (message(STORED, reason="it has no occurred_at"), "it has no occurred_at"),
        (message("{}", ERROR_CODE="AccessDenied", ERROR_MESSAGE="no way"), "AccessDenied; no way"),
        (message({"responsePayload": {"errorMessage": "no route to the host"}}), "no route to the host"),
        (message({"responsePayload": "text"}), "not recorded; the message was received too many times"),
        (message("torn {"), "not recorded; the message was received too many times"),
    ],
)
def test_the_reason_is_told_as_far_as_it_was_recorded(letter, reason):
    assert describe(letter).reason == reason


# --- where it leads back to -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "request_"),
    [
        ('{"dataset": "parcels"}', {"dataset": "parcels"}),
        ('{"requestPayload": {"dataset": "parcels"}}', {"dataset": "parcels"}),
        ('{"requestPayload": "text"}', {}),
        ("torn {", {}),
        ("[1]", {}),
    ],
)
def test_what_was_asked_for_is_found_whoever_sent_the_message(body, request_):
    assert request_of(body) == request_


@pytest.mark.parametrize(
    "request_",
    [{}, {"detail": "text"}, {"detail": {"object": "text"}}, CREATED | {"detail-type": "Object Tags Added"}],
)
def test_request_that_names_no_object_has_no_key(request_):
    assert object_key(request_) is None


@pytest.mark.parametrize("kind", ["Object Created", "Object Deleted"])
def test_event_of_an_object_has_its_key(kind):
    assert object_key(CREATED | {"detail-type": kind}) == "inbound/parcels/2026/11/27/a.csv"


def started(*words):
    return {"containerOverrides": [{"name": "extract", "command": [*words]}]}


@pytest.mark.parametrize(
    ("letter", "dataset"),
    [
        (message("{}", SCHEDULE_ARN="arn:aws:scheduler:eu-west-1:1:schedule/extraction/members"), "members"),
        (message(started("--bucket", "lake", "--dataset", "order")), "order"),
        (message(started("--dataset", "order"), SCHEDULE_ARN="arn:aws:scheduler:::schedule/other/members"), "order"),
        (message(started("--dataset", "strange")), None),
        (message(started("--dataset")), None),
        (message({"containerOverrides": "text"}), None),
        (message({"containerOverrides": [1, {"command": 2}]}), None),
        (message("torn {"), None),
    ],
)
def test_an_extraction_is_known_by_its_schedule_or_by_the_tasks_arguments(letter, dataset):
    assert extracted_dataset(letter, SCHEDULES) == dataset


def test_what_is_sent_in_place_of_an_event_has_to_be_a_stored_event():
    assert check_mended(json.dumps(STORED)) == ""
    assert "request_id" in check_mended(json.dumps({name: STORED[name] for name in STORED if name != "request_id"}))


# --- moving, against a queue in memory --------------------------------------------------------------------------------


class Queue:
    """The calls of SQS that are made, over messages in memory. A receipt is the message's id."""

    def __init__(self, *messages):
        self.messages = {each["MessageId"]: {**each, "ReceiptHandle": each["MessageId"]} for each in messages}
        self.hidden, self.sent = set(), []

    def receive_message(self, **wanted):
        seen = [each for each in self.messages.values() if each["MessageId"] not in self.hidden]
        given = seen[: wanted["MaxNumberOfMessages"]]
        self.hidden |= {each["MessageId"] for each in given}
        return {"Messages": given} if given else {}

    def change_message_visibility(self, *, ReceiptHandle, VisibilityTimeout, **_):  # noqa: N803 - boto3's own
        assert VisibilityTimeout == 0
        self.hidden.discard(ReceiptHandle)

    def delete_message(self, *, ReceiptHandle, **_):  # noqa: N803 - boto3's own
        del self.messages[ReceiptHandle]
        self.hidden.discard(ReceiptHandle)

    def send_message(self, **sent):
        self.sent.append(sent)


class Session:
    def __init__(self, queue):
        self._queue = queue

    def client(self, service, **_):
        assert service == "sqs"
        return self._queue


@pytest.fixture
def dead():
    """A stack whose queue of dead events is in memory, with twelve messages: more than come at once."""
    queue = Queue(*(message(STORED, reason="none") | {"MessageId": f"message-{number}"} for number in range(12)))
    exports = {"eventsDeadLetterQueueUrl": "dead", "eventsQueueUrl": "events", "undeliveredEventsQueueUrl": "lost"}
    return queue, Target("dev", exports, Session(queue), None)


def test_one_message_is_moved_alone_and_the_others_are_seen_again(dead):
    queue, target = dead
    assert move_back(target, QUEUES["events"], "message-11") == Moved(moved=1)
    assert [*queue.messages] == [f"message-{number}" for number in range(11)]
    assert queue.hidden == set()
    assert len(queue.sent) == 1


def test_a_mended_event_goes_in_place_of_the_one_that_was_dead(dead):
    queue, target = dead
    mended = json.dumps(STORED | {"source": "mended"})
    move_back(target, QUEUES["events"], "message-3", mended)
    assert [each["MessageBody"] for each in queue.sent] == [mended]
    assert "message-3" not in queue.messages


@pytest.mark.parametrize("mended", ["torn {", "{}", "two\nlines"])
def test_what_is_no_stored_event_is_not_sent_in_place_of_one(dead, mended):
    queue, target = dead
    with pytest.raises(DeadLetterError, match="not a stored event"):
        move_back(target, QUEUES["events"], "message-3", mended)
    assert (len(queue.messages), queue.sent, queue.hidden) == (12, [], set())


@pytest.mark.parametrize("take_out", [move_back, discard])
def test_a_message_that_is_not_there_is_named_and_nothing_is_moved(dead, take_out):
    queue, target = dead
    with pytest.raises(DeadLetterError, match="does not hold a message message-99"):
        take_out(target, QUEUES["events"], "message-99")
    assert (len(queue.messages), queue.sent, queue.hidden) == (12, [], set())


def test_messages_are_discarded_one_or_all(dead):
    queue, target = dead
    assert discard(target, QUEUES["events"], "message-5") == Moved(moved=1)
    assert discard(target, QUEUES["events"]) == Moved(moved=11)
    assert (queue.messages, queue.sent) == ({}, [])


def test_what_comes_while_others_are_moved_stays(dead):
    queue, target = dead
    queue.messages["message-7"]["Attributes"] = {"SentTimestamp": "99999999999999"}
    assert move_back(target, QUEUES["events"]) == Moved(moved=11, newer=1)
    assert ([*queue.messages], queue.hidden) == (["message-7"], set())


def test_a_failure_in_the_middle_shows_what_was_not_moved_to_others_again(dead):
    # given a source that takes two messages and no third
    queue, target = dead
    taken = []

    def refuse(**sent):
        taken.append(sent)
        if len(taken) == 3:
            raise ConnectionError

    queue.send_message = refuse

    # when all are moved
    with pytest.raises(ConnectionError):
        move_back(target, QUEUES["events"])

    # then two are gone, and nobody has to wait for the others
    assert (len(queue.messages), queue.hidden) == (10, set())


def test_a_queue_that_nothing_takes_back_says_what_to_do(dead):
    _, target = dead
    with pytest.raises(DeadLetterError, match="run refine"):
        move_back(target, QUEUES["undelivered"])


def test_a_stack_that_was_deployed_before_the_queue_was_exported_says_so(dead):
    _, target = dead
    with pytest.raises(DeadLetterError, match="does not export extractionDeadLetterQueueUrl; deploy"):
        discard(target, QUEUES["extraction"])
