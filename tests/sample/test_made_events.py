"""The demo's events satisfy the receiver's and the dataset's own rules as announced."""

import io
import json
from datetime import UTC, datetime

import polars as pl
import pytest

from datasets import DATASETS
from functions.event_receiver.answers import RequestRefusedError
from functions.event_receiver.channels import Channels
from functions.event_receiver.envelope import read_events
from functions.event_receiver.request import parse
from jobs.warehouse.job import refine
from lake.events import Receipt, key_channel
from lake.keys import parse_inbound_key
from processing.storage.memory_store import MemoryStore, StoredObject
from processing.storage.views import published_view
from sample.events import CALLBACK, MINIMUM_EVENTS, PROVIDER, Vehicle, known_vehicles, make_events
from sample.vehicles import write_vehicles

RECEIPT = Receipt(datetime(2026, 11, 24, 12, tzinfo=UTC), "request", key_channel(PROVIDER))
CHANNELS = Channels({}, [CALLBACK])
KEY = "inbound/events/2026/11/24/all.ndjson"


@pytest.fixture(scope="module")
def vehicles(tmp_path_factory):
    file = tmp_path_factory.mktemp("vehicles") / "vehicles.csv"
    write_vehicles(file, rows=500)
    return known_vehicles(file, DATASETS["vehicles"])


@pytest.fixture(scope="module")
def sample(vehicles):
    return make_events(vehicles, MINIMUM_EVENTS)


def test_the_same_vehicles_number_and_seed_give_the_same_events(vehicles, sample):
    assert make_events(vehicles, MINIMUM_EVENTS) == sample
    assert make_events(vehicles, MINIMUM_EVENTS, seed=1) != sample


def test_sound_events_are_the_views_and_others_break_a_rule(sample):
    # given all posted events that must be accepted, as the receiver stores them
    accepted = [parse(post.body) for post in sample.posts if post.status == 202]
    stored = [each.line for body in accepted for each in read_events(body, RECEIPT, CHANNELS)]
    store = MemoryStore()
    store.objects[KEY] = StoredObject("".join(f"{line}\n" for line in stored).encode())

    # when it is refined
    refine(store, {"events": DATASETS["events"]}, "run")

    # then the view shows the valid ones, though some were repeated, and the quarantine the others
    shown = published_view(store, DATASETS["events"]).collect()
    assert sorted(shown["event_id"]) == sorted(event["event_id"] for event in sample.sound)
    assert len(stored) > len(sample.sound) + len(sample.refused)
    quarantine = pl.read_parquet(io.BytesIO(store.read(parse_inbound_key(KEY).quarantine_key)))
    rules = {json.loads(row["original"])["event_id"]: row["rules"] for row in quarantine.iter_rows(named=True)}
    assert rules == {event_id: [rule] for event_id, rule in sample.refused.items()}
    assert len(set(sample.refused.values())) == 3


def test_what_has_to_be_refused_for_its_body_is(sample):
    bodies = [post.body for post in sample.posts if post.status == 400]
    assert len(bodies) > 3
    for body in bodies:
        with pytest.raises(RequestRefusedError) as refused:
            read_events(parse(body), RECEIPT, CHANNELS)
        assert refused.value.status == 400


def test_payments_are_for_vehicles_of_the_file(vehicles, sample):
    plates = {vehicle.registration_plate for vehicle in vehicles}
    paid = [event["payload"]["registration_plate"] for event in sample.sound if event["event_type"] == "payment"]
    assert set(paid) <= plates
    assert {callback.payload["registration_plate"] for callback in sample.callbacks} <= plates


def test_file_without_clean_vehicles_still_gives_payments(tmp_path):
    file = tmp_path / "dirty.csv"
    file.write_text("customer_id,model,colour,registration_plate\nx,Corsa,Red,AB12CDE\n1,Corsa,Red,\n")
    assert known_vehicles(file, DATASETS["vehicles"]) == [Vehicle("1", "AB12CDE")]
