"""Events posted by many clients and delivered under faults: shared by the test and the campaign of exactly-once."""

import itertools
import json
import random
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from decimal import Decimal

import polars as pl
from botocore.exceptions import EndpointConnectionError
from polars.testing import assert_frame_equal

from datasets import DATASETS
from functions.event_batcher.batcher import Batcher
from ops.jobs.as_process import ProcessRunner
from processing.storage.store import S3Store
from processing.storage.views import published_view

CLIENTS = 8
SENT_TWICE = 0.1
POISON_IN = 500
"""One message in so many is poison."""
REQUEST_EVENTS = 200
WAVE_REQUESTS = 30
"""Most requests that are posted before the batcher receives them. The emulator searches all of a queue's messages for
each one that it returns, which would take hours for a million."""
FAULTS = ("before the object", "after the object", "after the dead letters", "the answer is lost")
PLACES = ("/a", "/é", "/日本", "/\U0001f600")
GIVEN_AGAIN = 0.05
"""Messages that SQS redelivers although they were processed."""
COLUMNS = ("weight", "unit", "label", "member_id", "place")
POISON = (
    "not JSON",
    '{"event_id": "two",\n"lines": 1}',
    "[]",
    '{"event_id": "lacks the others"}',
    '{"event_id": NaN}',
)


def respelled(event):
    """Return the same event as JSON with its members in another order, and integers with a fraction."""
    payload = {
        name: float(value) if isinstance(value, int) else value for name, value in reversed(event["payload"].items())
    }
    return dict(reversed((event | {"payload": payload}).items()))


class FaultyClient:
    """Makes a boto3 client fail through botocore's own events: before a request, or after it was answered."""

    def __init__(self, client, operation):
        self.client, self._armed = client, None
        client.meta.events.register(f"before-call.{operation}", lambda **_: self._meet("before"))
        client.meta.events.register(f"after-call.{operation}", lambda **_: self._meet("after"))

    def arm(self, moment):
        self._armed = moment

    def _meet(self, moment):
        if self._armed == moment:
            self._armed = None
            raise EndpointConnectionError(endpoint_url="http://fault")


class Scenario:
    """Distinct events of one seed, from their posting to the dataset's published view."""

    def __init__(self, seed, events, stream):
        self.random, self.stream, self.source = random.Random(seed), stream, f"seed-{seed}"  # noqa: S311  # a seed kept to see it again
        self.events = [self._event() for _ in range(events)]
        self.counts, self._faults = Counter(), []
        self._deleted, self._given_again = set(), []
        self._target = stream.target
        self._s3 = FaultyClient(self._target.client("s3"), "s3.PutObject")
        self._sqs = FaultyClient(self._target.client("sqs"), "sqs.SendMessageBatch")
        self._batcher = Batcher(
            self._s3.client,
            self._sqs.client,
            self._target.bucket,
            "readings",
            self._target.exports["eventsDeadLetterQueueUrl"],
        )

    def run(self):
        """Post, deliver, refine and check, on a stream whose batcher is held."""
        self.stream.purge("eventsDeadLetterQueueUrl")
        poison = {}
        for requests in self.waves():
            self.post(requests)
            poison |= self.poison(requests)
            self.deliver()
        self.deliver()  # messages that are still to be redelivered
        self.check_dead_letters(poison)
        ProcessRunner(self._target).run(self._target.exports["warehouseJob"], {"--dataset": "readings"})
        self.check_view()

    def waves(self):
        """The requests to post: each event once by some client, one in ten of them again by another, in random order
        and half of these in another spelling. A wave is what the batcher gets together."""
        again = self.random.sample(self.events, int(len(self.events) * SENT_TWICE))
        again = [respelled(event) if self.random.random() < 0.5 else event for event in again]
        requests = [*self._requests(self.events), *self._requests(again)]
        self.random.shuffle(requests)
        while requests:
            size = self.random.randint(1, WAVE_REQUESTS)
            yield requests[:size]
            requests = requests[size:]

    def post(self, requests):
        """Post events that must be accepted."""
        with ThreadPoolExecutor(CLIENTS) as clients:
            for request, answer in zip(requests, clients.map(self.stream.post, requests), strict=True):
                assert answer.status == 202, answer.body
                assert answer.document["accepted"] == [event["event_id"] for event in request]
        self.counts += Counter(requests=len(requests), posted=sum(map(len, requests)))

    def poison(self, requests):
        """Put messages that are not events into the queue. Return their bodies by message id."""
        count = max(len(POISON), sum(map(len, requests)) // POISON_IN)
        bodies = [f"{body}{' ' * number}" for number, body in zip(range(count), itertools.cycle(POISON), strict=False)]
        queue = self._target.exports["eventsQueueUrl"]
        sent = {self._sqs.client.send_message(QueueUrl=queue, MessageBody=body)["MessageId"]: body for body in bodies}
        self.counts["poison"] += count
        return sent

    def deliver(self):
        """Give the batcher all messages as Lambda does, but for its faults: what it did not answer for comes again in
        another batch, and some of what it did in another wave."""
        queue = self._target.exports["eventsQueueUrl"]
        waiting, self._given_again = self._given_again, []
        while messages := self.stream.receive(queue):
            waiting += messages
        while waiting:
            self.random.shuffle(waiting)
            # Occasionally all messages.
            size = self.random.randint(1, max(len(waiting) // self.random.choice((1, 3, 5)), 1))
            batch, waiting = waiting[:size], waiting[size:]
            done = self._land(batch)
            # Each only once: unlike SQS, the emulator refuses to delete a deleted message.
            first = {each["MessageId"]: each for each in batch if each["MessageId"] in done - self._deleted}
            self._delete(queue, [*first.values()])
            self._deleted |= done
            left = [message for message in batch if message["MessageId"] not in done]
            repeated = [message for message in batch if self.random.random() < GIVEN_AGAIN]
            waiting += left
            # Together with the messages of the next wave.
            self._given_again += repeated
            self.counts += Counter(batches=1, redelivered=len(left) + len(repeated))

    def _land(self, batch):
        """Return the ids of the messages that the batcher acknowledged."""
        fault = self._next_fault()
        self._s3.arm({"before the object": "before", "after the object": "after"}.get(fault))
        self._sqs.arm("after" if fault == "after the dead letters" else None)
        ids = {message["MessageId"] for message in batch}
        try:
            landed = self._batcher.land([self._record(message) for message in batch])
        except EndpointConnectionError:
            self.counts[fault] += 1
            return set()
        if fault == "the answer is lost" or landed.failed:
            self.counts[fault] += 1
        return set() if fault == "the answer is lost" else ids - set(landed.failed)

    def _next_fault(self):
        """Yield each fault once in eight batches; none in the others."""
        if not self._faults:
            self._faults = self.random.sample([*FAULTS, *[None] * len(FAULTS)], 2 * len(FAULTS))
        return self._faults.pop()

    def check_dead_letters(self, poison):
        """Check that the dead letters are the poison with its reason. Unacknowledged messages may be there twice."""
        dead = self.stream.take("eventsDeadLetterQueueUrl")
        found = {each["MessageAttributes"]["message_id"]["StringValue"]: each["Body"] for each in dead}
        assert found == poison
        assert all(each["MessageAttributes"]["reason"]["StringValue"].startswith("it ") for each in dead)
        self.counts["dead letters"] += len(dead)

    def check_view(self):
        """Check that each event is a row, and equal to the posted one."""
        store = S3Store(self._target.client("s3"), self._target.bucket)
        view = published_view(store, DATASETS["readings"]).filter(pl.col("source") == self.source).collect()
        found = view.sort("event_id").select("event_id", "event_type", "occurred_at", *COLUMNS)
        assert_frame_equal(found, self._expected(found.schema))
        payloads = dict(view.select("event_id", "payload").iter_rows())
        assert {key: json.loads(payload) for key, payload in payloads.items()} == {
            event["event_id"]: event["payload"] for event in self.events
        }
        self.counts["rows"] += view.height

    def _expected(self, schema):
        rows = [
            {
                "event_id": event["event_id"],
                "event_type": event["event_type"],
                "occurred_at": datetime.fromisoformat(event["occurred_at"]),
                **dict.fromkeys(COLUMNS),
                **event["payload"],
            }
            for event in sorted(self.events, key=lambda event: event["event_id"])
        ]
        for row in rows:
            row["weight"] = None if row["weight"] is None else Decimal(row["weight"])
        return pl.DataFrame(rows, schema=schema)

    def _event(self):
        chance = self.random
        weighing = {
            "weight": f"{chance.randint(1, 9_999_999) / 100:.2f}",
            "unit": chance.choice(("KGM", "LBR")),
            "label": f"AB{chance.randint(10, 25)}CD{chance.choice('EFGH')}",
        }
        scan = {"member_id": chance.randint(1, 10**9), "place": chance.choice(PLACES)}
        moment = f"{chance.randint(0, 23):02}:{chance.randint(0, 59):02}:{chance.randint(0, 59):02}"
        kind = chance.choice(("weighing", "scan"))
        return {
            "event_id": str(uuid.UUID(int=chance.getrandbits(128), version=4)),
            "event_type": kind,
            "occurred_at": f"2026-11-{chance.randint(1, 20):02}T{moment}.{chance.randint(0, 999):03}+01:00",
            "source": self.source,
            "payload": weighing if kind == "weighing" else scan,
        }

    def _requests(self, events):
        """Yield the events in random order, in requests of random size."""
        left, requests = self.random.sample(events, len(events)), []
        while left:
            size = self.random.randint(1, REQUEST_EVENTS)
            requests.append(left[:size])
            left = left[size:]
        return requests

    def _delete(self, queue, messages):
        for start in range(0, len(messages), 10):
            self.stream.delete(queue, messages[start : start + 10])

    @staticmethod
    def _record(message):
        """Return a message in Lambda's form."""
        return {
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "body": message["Body"],
            "attributes": {"SentTimestamp": message["Attributes"]["SentTimestamp"]},
        }
