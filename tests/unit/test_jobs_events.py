"""Events that were sent again and landed in one object: each is a row once, and what contradicts itself is none."""

import io
import json
import uuid
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from jobs.datasets.events import DATASET
from jobs.memory_store import MemoryStore
from jobs.views import published_view
from jobs.warehouse.job import refine
from lake.events import stored_event
from lake.keys import parse_inbound_key

KEY = "inbound/events/2026/11/23/batch.ndjson"
RECEIVED = datetime(2026, 11, 23, 9, tzinfo=UTC)


def an_event(**members):
    return {
        "event_id": str(uuid.uuid4()),
        "event_type": "payment",
        "occurred_at": "2026-11-23T08:15:30Z",
        "source": "website",
        "payload": {"amount": "19.99", "currency": "GBP", "registration_plate": "AB12CDE"},
        **members,
    }


@pytest.fixture
def refined():
    """Lands events in one object, each received a second after the one before in a request of its own, and refines."""

    def land(*events):
        lines = [stored_event(each, RECEIVED + timedelta(seconds=n), f"request-{n}") for n, each in enumerate(events)]
        store = MemoryStore()
        store.write(KEY, "".join(f"{line}\n" for line in lines).encode(), "application/x-ndjson", {})
        refine(store, {"events": DATASET}, "run")
        return store

    return land


def rows(store):
    return published_view(store, DATASET).collect().rows(named=True)


def counts(store):
    metadata = store.objects[parse_inbound_key(KEY).warehouse_key].metadata
    return {name: int(metadata[f"rows-{name}"]) for name in ("in", "warehouse", "quarantined", "duplicate")}


def quarantine(store):
    return pl.read_parquet(io.BytesIO(store.read(parse_inbound_key(KEY).quarantine_key)))


def test_an_event_that_was_sent_again_is_a_row_once_as_it_was_first_received(refined):
    # given
    event = an_event()

    # when it lands twice among others
    store = refined(event, an_event(), event)

    # then
    [row] = [row for row in rows(store) if row["event_id"] == event["event_id"]]
    assert (row["request_id"], row["received_at"]) == ("request-0", RECEIVED)
    assert json.loads(row["payload"]) == event["payload"]
    assert counts(store) == {"in": 3, "warehouse": 2, "quarantined": 0, "duplicate": 1}


def test_a_callback_that_was_signed_again_is_a_row_once(refined):
    # given what the same call becomes when its provider signs it anew
    call = an_event(occurred_at="2026-11-23T08:15:30Z")

    # then
    store = refined(call, {**call, "occurred_at": "2026-11-23T08:15:35Z"})
    assert [row["request_id"] for row in rows(store)] == ["request-0"]


@pytest.mark.parametrize(
    "other", [{"payload": {"amount": "99.99", "currency": "GBP", "registration_plate": "AB12CDE"}}, {"source": "other"}]
)
def test_events_of_one_id_that_say_different_things_are_refused_for_nobody_knows_which_is_right(refined, other):
    # given
    event = an_event()

    # when
    store = refined(event, {**event, **other})

    # then
    assert rows(store) == []
    assert quarantine(store)["rules"].to_list() == [["primary_key"], ["primary_key"]]


def test_an_invalid_event_that_was_sent_again_is_quarantined_once(refined):
    # given
    event = an_event(payload={"amount": "-1", "currency": "GBP", "registration_plate": "AB12CDE"})

    # when
    store = refined(event, event)

    # then
    assert counts(store) == {"in": 2, "warehouse": 0, "quarantined": 1, "duplicate": 1}
