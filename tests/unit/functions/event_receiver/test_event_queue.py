"""Acknowledged messages are reported exactly; refused ones are sent again while there is time."""

import random

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from hypothesis import given
from hypothesis import strategies as st

from functions.event_receiver.event_queue import EventQueue
from lake.message_batches import MAXIMUM_BATCH_BYTES, MAXIMUM_ENTRIES, message_batches


class RefusingSqs:
    """A queue in memory whose answers the test chooses. A lost answer means that the messages are in the queue."""

    def __init__(self, *faults):
        self.faults, self.bodies, self.requests = list(faults), [], 0

    def send_message_batch(self, *, Entries, **_):  # noqa: N803 - boto3's name
        self.requests += 1
        fault = self.faults.pop(0) if self.faults else None
        if isinstance(fault, Exception):
            raise fault
        refused = fault or {}
        taken = [entry for entry in Entries if entry["MessageBody"] not in refused]
        self.bodies += [entry["MessageBody"] for entry in taken]
        return {
            "Successful": [{"Id": entry["Id"]} for entry in taken],
            "Failed": [
                {"Id": entry["Id"], "Code": "Refused", "SenderFault": refused[entry["MessageBody"]]}
                for entry in Entries
                if entry["MessageBody"] in refused
            ],
        }


class Time:
    """A clock that only sleeping moves."""

    def __init__(self):
        self.now = 0.0

    def sleep(self, seconds):
        self.now += seconds


def send(sqs, messages, seconds=20.0):
    time = Time()
    return EventQueue(sqs, "queue", clock=lambda: time.now, sleep=time.sleep).send(messages, seconds), time.now


@pytest.mark.parametrize(
    "fault",
    [
        {"b": False},
        ClientError({"Error": {"Code": "ServiceUnavailable"}}, "SendMessageBatch"),
        EndpointConnectionError(endpoint_url="https://sqs"),
    ],
)
def test_what_was_refused_is_sent_again(fault):
    # given
    sqs = RefusingSqs(fault, fault)

    # when
    acknowledged, _ = send(sqs, ["a", "b", "c"])

    # then
    assert (acknowledged, sorted(sqs.bodies), sqs.requests) == ({0, 1, 2}, ["a", "b", "c"], 3)


def test_what_is_refused_for_good_is_not_sent_again():
    # given
    sqs = RefusingSqs({"b": True})

    # when
    acknowledged, _ = send(sqs, ["a", "b"])

    # then
    assert (acknowledged, sqs.requests) == ({0}, 1)


def test_nothing_is_tried_after_the_time_is_over():
    # given
    sqs = RefusingSqs(*[{"b": False}] * 1000)

    # when
    acknowledged, seconds = send(sqs, ["a", "b"], seconds=10)

    # then
    assert acknowledged == {0}
    assert 5 < seconds < 10
    assert sqs.requests < 30


def test_an_answer_without_a_message_is_no_acknowledgement():
    # given that SQS names only one message
    sqs = RefusingSqs()
    sqs.send_message_batch = lambda **_: {"Successful": [{"Id": "0"}, {"Id": "17"}]}

    # when
    acknowledged, _ = send(sqs, ["a", "b"], seconds=1)

    # then
    assert acknowledged == {0}


def test_exactly_the_queued_of_random_refusals_are_confirmed():
    # given
    messages = [f"message {number}" for number in range(1000)]
    chance = random.Random(5)  # noqa: S311 - a test's faults
    sqs = RefusingSqs(*[{body: False for body in messages if chance.random() < 0.3} for _ in range(2000)])

    # when
    acknowledged, _ = send(sqs, messages, seconds=0.2)

    # then
    assert {messages[place] for place in acknowledged} == set(sqs.bodies)
    assert 0 < len(acknowledged) < 1000


@given(st.lists(st.integers(min_value=0, max_value=MAXIMUM_BATCH_BYTES)))
def test_batches_hold_every_message_once_within_both_limits(sizes):
    # when
    batches = list(message_batches([((place, size), size) for place, size in enumerate(sizes)]))

    # then
    assert [message for batch in batches for message in batch] == list(enumerate(sizes))
    for batch in batches:
        assert 1 <= len(batch) <= MAXIMUM_ENTRIES
        assert sum(size for _, size in batch) <= MAXIMUM_BATCH_BYTES
