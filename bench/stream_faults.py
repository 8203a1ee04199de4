"""Distinct events through receiver, batcher and warehouse job while these are killed; counts lost and doubled ones.

SQS, S3 and the lake are held in memory; everything else is the product's code. Each event is posted once, and one in
five a second time: unchanged, or with its members in another order and 1 as 1.0. A request to the queue fails before it
arrives or after it succeeds, and is then sent again. A batch is killed before it writes its object, after it, or before
its answer. The queue delivers messages again in other batches. The warehouse job runs in between.
"""

import base64
import io
import json
import random
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, cast

import dataframely as dy
import polars as pl
from botocore.exceptions import EndpointConnectionError
from stream_samples import KEY_ID, PROVIDER, gateway_event, posted_events

from functions.event_batcher.batcher import Batcher
from functions.event_receiver.channels import Channels
from functions.event_receiver.event_queue import EventQueue
from functions.event_receiver.receiver import Receiver
from functions.event_receiver.request import read_request
from jobs.warehouse.job import refine
from lake.events import CHANNEL, key_channel
from processing.declaring.dataset import Dataset, StreamSource
from processing.storage.memory_store import MemoryStore, StoredObject
from processing.storage.views import published_view
from tests.support.stream_faults import respelled

SENT_AGAIN: Final = 0.2
GIVEN_AGAIN: Final = 0.05
"""Share of messages that the queue delivers again although they were acknowledged."""
QUEUE_FAULTS: Final = 0.05
BATCH_KILLS: Final = 0.4
MOST_EVENTS_OF_A_REQUEST: Final = 1000
MOST_MESSAGES_OF_A_BATCH: Final = 5000
RUNS: Final = 3
"""Runs of the warehouse job, each for the objects that landed since the previous run."""
_START: Final = datetime(2026, 11, 23, 9, tzinfo=UTC)


class Posted(dy.Schema):
    """An event as `stream_samples` makes it."""

    channel = dy.String(primary_key=True)
    event_id = dy.String(primary_key=True)
    event_type = dy.String()
    occurred_at = dy.Datetime(time_unit="us", time_zone="UTC")
    source = dy.String()
    received_at = dy.Datetime(time_unit="us", time_zone="UTC")
    request_id = dy.String()
    payload = dy.String()
    customer_id = dy.Int64(nullable=True)


DATASET: Final = Dataset(
    name="posted",
    schema=Posted,
    source=StreamSource(
        pointers={"customer_id": "/payload/customer_id"},
        repeats_differ_in=("occurred_at", "received_at", "request_id"),
        receipt_order=("received_at", "request_id"),
    ),
    owner="bench",
    freshness=timedelta(hours=1),
    json_columns=("payload",),
)


class FaultyQueue:
    """SQS in memory. Some requests fail before it stores the messages, some after."""

    def __init__(self, chance: random.Random, counts: Counter[str]) -> None:
        self._chance, self._counts = chance, counts
        self.records: list[dict[str, Any]] = []

    def send_message_batch(self, **request: Any) -> dict[str, Any]:  # noqa: ANN401 - boto3's arguments
        """Store messages, or fail."""
        fault = self._chance.random()
        if fault < QUEUE_FAULTS / 2:
            self._fail("requests to the queue that failed")
        self.records += [self._record(entry["MessageBody"]) for entry in request["Entries"]]
        if fault < QUEUE_FAULTS:
            self._fail("requests to the queue whose answers were lost")
        return {"Successful": [{"Id": entry["Id"]} for entry in request["Entries"]]}

    def _record(self, body: str) -> dict[str, Any]:
        identity = str(uuid.UUID(int=self._chance.getrandbits(128), version=4))
        return {"messageId": identity, "body": body, "attributes": {"SentTimestamp": "1795424400250"}}

    def _fail(self, what: str) -> None:
        self._counts[what] += 1
        raise EndpointConnectionError(endpoint_url="http://queue")


class FaultyS3:
    """S3 in memory, backed by a lake. The batcher dies before or after its object is written."""

    def __init__(self, lake: MemoryStore) -> None:
        self.lake = lake
        self.dies: str | None = None

    def put_object(self, **request: Any) -> dict[str, str]:  # noqa: ANN401 - boto3's arguments
        """Store an object, or fail."""
        if self.dies == "before":
            raise EndpointConnectionError(endpoint_url="http://bucket")
        self.lake.objects[request["Key"]] = StoredObject(request["Body"], metadata=request["Metadata"])
        if self.dies == "after":
            raise EndpointConnectionError(endpoint_url="http://bucket")
        return {"ETag": '"memory"'}


class Scenario:
    """Distinct events of one seed, from posting to the published view."""

    def __init__(self, seed: int, events: int) -> None:
        self.counts: Counter[str] = Counter()
        self._chance = random.Random(seed)  # noqa: S311 - repeatable by seed
        self._now = _START
        self._events = posted_events(events, seed)
        self._queue = FaultyQueue(self._chance, self.counts)
        self._lake = MemoryStore()
        self._s3 = FaultyS3(self._lake)
        client = cast("Any", self._queue)
        self._batcher = Batcher(cast("Any", self._s3), client, "bench", DATASET.name, "dead-letters")
        self._receiver = Receiver(
            EventQueue(client, "bench", sleep=lambda _: None),
            Channels({KEY_ID: PROVIDER}, ["payments"]),
            cast("Any", None),
            cast("Any", None),
            clock=lambda: self._now,
        )

    def run(self) -> None:
        """Post, land and refine the events, and count lost and doubled ones."""
        requests = [*self._requests()]
        for part in range(RUNS):
            for request in requests[part::RUNS]:
                self._post(request)
            self._land(is_last=part == RUNS - 1)
            refine(self._lake, {DATASET.name: DATASET}, f"run-{part}")
        self._check()

    def _requests(self) -> Iterator[list[dict[str, Any]]]:
        """Yield requests with every event, and some events again in another request and spelling, in random order."""
        again = self._chance.sample(self._events, int(len(self._events) * SENT_AGAIN))
        self.counts["events"] += len(self._events)
        self.counts["repeats"] += len(again)
        for events in (self._events, [self._again(event) for event in again]):
            left = self._chance.sample(events, len(events))
            while left:
                size = self._chance.randint(1, MOST_EVENTS_OF_A_REQUEST)
                yield left[:size]
                left = left[size:]

    def _again(self, event: dict[str, Any]) -> dict[str, Any]:
        """Return the same event as JSON, half of the time in another spelling."""
        if self._chance.random() < 0.5:  # noqa: PLR2004 - half of them
            return event
        self.counts["repeats in another spelling"] += 1
        return respelled(event)

    def _post(self, events: Sequence[dict[str, Any]]) -> None:
        """Post until all events are accepted, as a caller does after a 503."""
        body = base64.b64encode(json.dumps(events).encode()).decode()
        while True:
            self._now += timedelta(milliseconds=10)
            request = read_request({**gateway_event(body), "isBase64Encoded": True}, str(uuid.uuid4()))
            answer = self._receiver.reply(request, 8.0).answer
            self.counts["requests"] += 1
            if answer["statusCode"] == 202:  # noqa: PLR2004 - HTTP's
                return
            if answer["statusCode"] != 503:  # noqa: PLR2004 - HTTP's
                raise SystemExit(f"answered {answer}")

    def _land(self, *, is_last: bool) -> None:
        """Pass the queued messages to the batcher. Unacknowledged messages return in another batch."""
        waiting, self._queue.records = self._queue.records, []
        kept: list[dict[str, Any]] = []
        while waiting:
            self._chance.shuffle(waiting)
            size = self._chance.randint(1, MOST_MESSAGES_OF_A_BATCH)
            batch, waiting = waiting[:size], waiting[size:]
            repeated = [record for record in batch if self._chance.random() < GIVEN_AGAIN]
            if not self._survives(batch):
                waiting += batch
            elif not is_last or self._chance.random() < 0.5:  # noqa: PLR2004 - half of them
                kept += repeated
            self.counts["batches"] += 1
        self.counts["messages given again"] += len(kept)
        self._queue.records = kept
        if is_last and kept:
            self._s3.dies = None
            self._batcher.land(kept)

    def _survives(self, batch: Sequence[dict[str, Any]]) -> bool:
        chance = self._chance
        kill = chance.choice(("before", "after", "answer")) if chance.random() < BATCH_KILLS else None
        self._s3.dies = kill
        if kill is not None:
            self.counts["kills"] += 1
        try:
            landed = self._batcher.land(batch)
        except EndpointConnectionError:
            return False
        return kill is None and not landed.failed

    def _check(self) -> None:
        view = published_view(self._lake, DATASET).select(CHANNEL, "event_id", "payload").collect()
        found = dict(view.select("event_id", "payload").iter_rows())
        posted = {event["event_id"]: event["payload"] for event in self._events}
        self.counts["rows"] += view.height
        self.counts["lost"] += len(posted.keys() - found.keys())
        self.counts["doubled"] += view.height - len(found)
        self.counts["invented"] += len(found.keys() - posted.keys())
        self.counts["changed"] += sum(json.loads(found[key]) != posted[key] for key in posted.keys() & found.keys())
        self.counts["by another channel"] += view.filter(pl.col(CHANNEL) != key_channel(PROVIDER)).height
        quarantined = [self._lake.read(key) for key in self._lake.keys("quarantine/")]
        self.counts["quarantined"] += sum(pl.read_parquet(io.BytesIO(each)).height for each in quarantined)


WRONG: Final = ("lost", "doubled", "invented", "changed", "by another channel", "quarantined")
"""Counts that must be zero."""
