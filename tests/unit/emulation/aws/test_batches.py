"""The embedded AWS forms the batches of a function's queue as Lambda does."""

import threading
import time

import pytest
from ministack.services import lambda_svc, sqs

from emulation.aws import batches

ARN = "arn:aws:sqs:eu-west-1:000000000000:queue"


class Queue:
    """A queue of the emulator, with a mapping whose window is ten seconds."""

    def __init__(self):
        self.window = 10
        self.content = {
            "is_fifo": False,
            "messages": [],
            "attributes": {"QueueArn": ARN, "VisibilityTimeout": "60", "MessageRetentionPeriod": "3600"},
        }

    def mappings(self):
        other = {"EventSourceArn": f"{ARN}-other", "MaximumBatchingWindowInSeconds": 0}
        yield "000000000000", "eu-west-1", other
        mapping = {"EventSourceArn": ARN, "MaximumBatchingWindowInSeconds": self.window}
        yield "000000000000", "eu-west-1", mapping

    def put(self, count, seconds_ago=0.0, size=10):
        sent = time.time() - seconds_ago
        self.content["messages"] += [
            {"id": str(number), "body": "x" * size, "sent_at": sent, "visible_at": sent, "receive_count": 0}
            for number in range(count)
        ]

    def receive(self, batch_size):
        return len(batches.receive("http://queue", batch_size))


@pytest.fixture
def queue(monkeypatch):
    made = Queue()
    monkeypatch.setattr(sqs, "_queues_lock", threading.Lock())
    monkeypatch.setattr(sqs, "_get_q", lambda _: made.content)
    monkeypatch.setattr(lambda_svc, "_iter_all_esms", made.mappings)
    return made


def test_batch_is_as_large_as_the_mapping_says(queue):
    queue.put(250)
    assert [queue.receive(100), queue.receive(100)] == [100, 100]


def test_batch_that_is_not_full_waits_for_its_window(queue):
    # given
    queue.put(3)
    assert queue.receive(100) == 0

    # when the oldest message has waited for the whole window
    queue.content["messages"][0]["visible_at"] -= queue.window

    # then
    assert queue.receive(100) == 3


def test_messages_of_a_batch_are_hidden_from_the_next(queue):
    queue.put(5, seconds_ago=queue.window)
    assert [queue.receive(100), queue.receive(100)] == [5, 0]


def test_batch_without_a_window_is_ten_messages_at_once(queue):
    queue.window = 0
    queue.put(12)
    assert [queue.receive(100), queue.receive(100)] == [10, 2]


def test_batch_has_no_more_bytes_than_an_event(queue):
    # given recent messages, of which no four fit into an event
    queue.put(6, size=batches.LARGEST_BYTES // 4)

    # then three messages fill a batch
    assert queue.receive(100) == 3


def test_largest_message_is_a_batch_of_its_own(queue):
    queue.put(2, size=batches.LARGEST_BYTES)
    assert queue.receive(100) == 1
