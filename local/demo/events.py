"""The demo's stream: events are posted, land, and are each in the published table once, or in the quarantine."""

import json
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl

from datasets import DATASETS
from lake.events import CHANNEL, callback_channel, key_channel
from lake.keys import InboundObject
from local.demo.posting import EventSender, PostedEvents, Progress
from local.demo.sample import DemoSample, Event, SampleEvents
from local.errors import LocalError
from ops.stack.published_tables import opener_of
from ops.stack.row_accounts import RowAccount, landed_objects, row_account
from ops.stack.target import Target
from processing.publishing.reading import published_rows
from processing.storage.store import S3Store

_REQUESTS_AT_ONCE: Final = 8
_POLL_SECONDS: Final = 0.1
STALLED_SECONDS: Final = 300.0
"""After which a queue that gets no shorter is an error: a slow machine may take a minute to start a function."""


class EventsLostError(LocalError):
    """An event is not where it has to be."""


@dataclass(frozen=True, slots=True)
class EventsResult:
    """What became of everything that was sent."""

    requests: Mapping[int, int]
    """By the status of their answers."""
    objects: int
    account: RowAccount
    """Of all these objects together."""
    shown: int
    """Events of the sample in the published table."""
    refused_by_rule: Mapping[str, int]
    """Rows in the quarantine by the rule that they broke, those that came again included."""


class EventsLeg:
    """The way of one sample from its senders to the published table."""

    def __init__(self, target: Target, sample: DemoSample, file: Path, events: int) -> None:
        """Prepare a sample.

        Args:
            target: the local stack.
            sample: makes the events.
            file: the file on the SFTP server, which the events are about.
            events: how many sound ones are posted with the key.
        """
        self._target = target
        self._of = sample
        self._sample: SampleEvents = sample.make_events(file, events)
        self._said = PostedEvents()
        self._landed_before = self._landed().keys()
        self._dead_before = self._messages("eventsDeadLetterQueueUrl")

    def post(self, progress: Progress) -> str:
        """Send all requests.

        Raises:
            local.demo.posting.UnexpectedAnswerError: one was answered otherwise than the API's document says.
        """
        self._said = EventSender(self._target, self._of.provider, self._of.callback).send(self._sample, progress)
        requests = self._said.requests
        refused = ", ".join(f"{count} {status}" for status, count in sorted(requests.items()) if status != 202)  # noqa: PLR2004 - HTTP's Accepted
        return f"{self._said.accepted.total():,} accepted; requests refused, as intended: {refused}"

    def wait(self, tell: Callable[[str], None]) -> str:
        """Wait until the queue is empty: a message leaves it when its object is there.

        Raises:
            EventsLostError: it does not grow shorter, or something went to the dead letters.
        """
        left, deadline = -1, 0.0
        while still := self._messages("eventsQueueUrl"):
            if still != left:
                left, deadline = still, time.monotonic() + STALLED_SECONDS
                tell(f"{left:,} events in the queue")
            if time.monotonic() > deadline:
                raise EventsLostError(
                    f"{left:,} events were still in the queue after {STALLED_SECONDS:g} s; see the batcher's log, then "
                    "run the demo again"
                )
            time.sleep(_POLL_SECONDS)  # between two polls: SQS tells nobody that a queue is empty
        if dead := self._messages("eventsDeadLetterQueueUrl") - self._dead_before:
            raise EventsLostError(
                f"{dead:,} events are in the dead-letter queue; see them with `dataplatform redrive events`"
            )
        return f"{len(self._new_objects()):,} objects under inbound/{self._of.stream_dataset}/"

    def check(self) -> EventsResult:
        """Account for every event, once the warehouse job has run.

        Raises:
            EventsLostError: an event is missing, there twice, or other than it was posted.
        """
        objects = self._new_objects()
        with ThreadPoolExecutor(_REQUESTS_AT_ONCE) as threads:
            accounts = list(threads.map(lambda inbound: row_account(self._target, inbound), objects))
        total = RowAccount(
            rows_in=sum(each.rows_in for each in accounts),
            warehouse=sum(each.warehouse for each in accounts),
            quarantined=sum(each.quarantined for each in accounts),
            duplicate=sum(each.duplicate for each in accounts),
        )
        accepted = self._said.accepted.total()
        if not total.balances or total.rows_in < accepted:
            raise EventsLostError(
                f"{accepted:,} events were accepted, but the warehouse job counted {total}; report this"
            )
        refusing = [inbound for inbound, each in zip(objects, accounts, strict=True) if each.quarantined]
        return EventsResult(
            requests=dict(sorted(self._said.requests.items())),
            objects=len(objects),
            account=total,
            shown=self._check_table(),
            refused_by_rule=self._check_quarantine(refusing),
        )

    def _check_table(self) -> int:
        dataset = DATASETS[self._of.stream_dataset]
        table = opener_of(self._target)(dataset)
        if table is None:
            raise EventsLostError(f"no row of {dataset.name} was published; report this")
        view = published_rows(table, dataset)
        called_back = [
            {"event_id": name, "payload": payload, CHANNEL: callback_channel(self._of.callback)}
            for name, payload in self._said.called_back.items()
        ]
        posted = [{**event, CHANNEL: key_channel(self._of.provider)} for event in self._sample.sound]
        sent = {*self._said.accepted, *self._sample.never_stored}
        refused = sent - {str(event["event_id"]) for event in self._sample.sound} - self._said.called_back.keys()
        rows = view.filter(pl.col("event_id").is_in(sorted(sent))).collect()
        if rows["event_id"].is_duplicated().any():
            raise EventsLostError("the published table has an event twice; report this")
        if wrong := refused & set(rows["event_id"]):
            raise EventsLostError(
                f"the published table has {len(wrong):,} events that break a rule or were refused; report this"
            )
        for events, columns in ((posted, (CHANNEL, "event_type", "occurred_at", "source")), (called_back, (CHANNEL,))):
            expected = _as_rows(events, columns, self._of.payload_columns, rows.schema)
            missing = expected.join(rows, on=expected.columns, how="anti", nulls_equal=True)
            if missing.height:
                raise EventsLostError(
                    f"the published table does not have {missing.height:,} events as posted; the first is "
                    f"{missing['event_id'][0]}; report this"
                )
        return rows.height

    def _check_quarantine(self, objects: Sequence[InboundObject]) -> dict[str, int]:
        store = S3Store(self._target.client("s3"), self._target.bucket)
        with ThreadPoolExecutor(_REQUESTS_AT_ONCE) as threads:
            files = list(threads.map(lambda inbound: pl.read_parquet(store.read(inbound.quarantine_key)), objects))
        rules = {
            json.loads(original)["event_id"]: broken
            for file in files
            for original, broken in file.select("original", "rules").iter_rows()
        }
        for identity, rule in self._sample.refused.items():
            if rule not in rules.get(identity, ()):
                raise EventsLostError(
                    f"the event {identity} breaks {rule}, but the quarantine does not have it with this rule; report "
                    "this"
                )
        return dict(Counter(rule for file in files for broken in file["rules"] for rule in broken).most_common())

    def _landed(self) -> dict[str, InboundObject]:
        return {each.inbound.key: each.inbound for each in landed_objects(self._target, self._of.stream_dataset)}

    def _new_objects(self) -> list[InboundObject]:
        return [inbound for key, inbound in self._landed().items() if key not in self._landed_before]

    def _messages(self, queue: str) -> int:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        answer = self._target.client("sqs").get_queue_attributes(
            QueueUrl=self._target.exports[queue], AttributeNames=names
        )
        return sum(int(answer["Attributes"][name]) for name in names)


def _as_rows(
    events: Sequence[Event], columns: Sequence[str], in_payload: Sequence[str], schema: Mapping[str, Any]
) -> pl.DataFrame:
    """Events as the published table has to have them: some columns of their envelope, and what is in their payload."""
    text = pl.DataFrame(
        [
            {name: event[name] for name in ("event_id", *columns)}
            | {name: None if (value := event["payload"].get(name)) is None else str(value) for name in in_payload}
            for event in events
        ],
        schema=dict.fromkeys(("event_id", *columns, *in_payload), pl.String),
    )
    return text.with_columns(
        pl.col(name).str.to_datetime(time_zone="UTC").cast(schema[name])
        if name == "occurred_at"
        else pl.col(name).cast(schema[name])
        for name in text.columns
    )
