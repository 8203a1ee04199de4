"""Events in the lake: each is a row once, nobody replaces another channel's, and the first one received counts."""

import io
import itertools
import json
import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest

from datasets import DATASETS
from datasets.readings import DATASET
from functions.event_receiver.wrapping import wrap
from jobs.warehouse.job import refine
from lake.callbacks import CallbackProvider
from lake.events import UNKNOWN_CHANNEL, Receipt, callback_channel, key_channel, stored_event
from lake.keys import parse_inbound_key
from processing.checking.reasons import PRIMARY_KEY
from processing.refining.selection import Replay
from processing.reporting.computing import compute
from processing.storage.memory_store import MemoryStore, StoredObject
from processing.storage.views import published_view
from reports import REPORTS

FOLDER = "inbound/readings/2026/11/23"
KEY = f"{FOLDER}/batch-0.ndjson"
RECEIVED = datetime(2026, 11, 23, 9, tzinfo=UTC)
SCANNER, HANDHELD, SCALES = key_channel("scanner"), key_channel("handheld"), callback_channel("scales")
REPORT = REPORTS["weight_by_day_and_town"]


def an_event(**members):
    return {
        "event_id": str(uuid.uuid4()),
        "event_type": "weighing",
        "occurred_at": "2026-11-23T08:15:30Z",
        "source": "scanner",
        "payload": weighed("19.99"),
        **members,
    }


def weighed(weight):
    return {"weight": weight, "unit": "KGM", "label": "AB12CDE"}


def stored(event, second=0, channel=SCANNER):
    """The line of an event that was received some seconds after nine, in a request of its own."""
    return stored_event(event, Receipt(RECEIVED + timedelta(seconds=second), f"request-{second}", channel))


def called_back(weight, second=0):
    """The line of a weighing that the third party signed, and its id."""
    body = {"id": "scale_1", "type": "weighing", **weighed(weight)}
    provider = CallbackProvider(event_id_pointer="/id", event_type_pointer="/type", secret_parameter="/secret")
    receipt = Receipt(RECEIVED + timedelta(seconds=second), f"request-{second}", SCALES)
    event = wrap("scales", provider, body, RECEIVED, receipt)
    return event.line, event.event_id


def without_channel(line):
    """A line as it was stored before the receiver recorded the channel."""
    return json.dumps({name: value for name, value in json.loads(line).items() if name != "channel"})


def lake_of(*objects):
    """A lake with objects of events, each given by its lines, landed a minute apart and processed."""
    store = MemoryStore()
    for number, lines in enumerate(objects):
        content = "".join(f"{line}\n" for line in lines).encode()
        landed_at = RECEIVED + timedelta(minutes=number + 1)
        store.objects[f"{FOLDER}/batch-{number}.ndjson"] = StoredObject(content, landed_at=landed_at)
    refine(store, {"readings": DATASET}, "run")
    return store


@pytest.fixture
def refined():
    """Lands events in one object, each received a second after the one before in a request of its own, and refines."""

    def land(*events):
        return lake_of([stored(each, second) for second, each in enumerate(events)])

    return land


def rows(store):
    return published_view(store, DATASET).collect().rows(named=True)


def weights(store):
    """What the view shows as weight, by channel."""
    return sorted((row["channel"], str(row["weight"])) for row in rows(store))


def counts(store):
    metadata = store.objects[parse_inbound_key(KEY).warehouse_key].metadata
    return {name: int(metadata[f"rows-{name}"]) for name in ("in", "warehouse", "quarantined", "duplicate")}


def quarantine(store):
    return pl.read_parquet(io.BytesIO(store.read(parse_inbound_key(KEY).quarantine_key)))


def counted(store):
    """What the report counts: weighings and their sum."""
    views = {name: published_view(store, DATASETS[name]).collect() for name in REPORT.inputs}
    report = compute(REPORT, views)
    return report["weighings"].sum(), report["weight"].sum()


# --- sent again -------------------------------------------------------------------------------------------------------


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


SPELLINGS = (
    {"member_id": 1, "place": "/a", "of": {"x": [1, 2], "y": 10}},
    {"of": {"y": 1e1, "x": [1.0, 2]}, "place": "/a", "member_id": 1.0},
)
"""One payload in two spellings."""


def spelled(event, payload, second):
    """The line of an event whose payload is stored in this very spelling, as before members were sorted."""
    line = json.loads(stored({**event, "payload": {}}, second))
    return json.dumps({**line, "payload": payload})


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_payloads_that_are_equal_as_json_are_one_row(order):
    # given lines in which members have another order, and numbers another spelling
    event = an_event(event_type="scan")
    lines = [spelled(event, SPELLINGS[place], second) for second, place in enumerate(order)]

    # when they land in one object, among others
    store = lake_of([*lines, stored(an_event(), 5)])

    # then the first one received is the row, and the other a repetition
    [row] = [row for row in rows(store) if row["event_id"] == event["event_id"]]
    assert (row["request_id"], row["member_id"]) == ("request-0", 1)
    assert json.loads(row["payload"]) == SPELLINGS[order[0]]
    assert counts(store) == {"in": 3, "warehouse": 2, "quarantined": 0, "duplicate": 1}


@pytest.mark.parametrize("spellings", [('"1"', "1"), ("1", "true"), ("[1,2]", "[2,1]"), ('"a"', '"A"')])
def test_payloads_that_differ_as_json_are_two(spellings):
    # given
    event = an_event(event_type="scan")
    payloads = [{"member_id": 1, "place": "/a", "of": json.loads(each)} for each in spellings]

    # when
    store = lake_of([spelled(event, payload, second) for second, payload in enumerate(payloads)])

    # then
    assert counts(store) == {"in": 2, "warehouse": 1, "quarantined": 1, "duplicate": 0}


def test_a_callback_that_was_signed_again_is_a_row_once(refined):
    # given what the same call becomes when its provider signs it again
    call = an_event(occurred_at="2026-11-23T08:15:30Z")

    # then
    store = refined(call, {**call, "occurred_at": "2026-11-23T08:15:35Z"})
    assert [row["request_id"] for row in rows(store)] == ["request-0"]


def test_an_invalid_event_that_was_sent_again_is_quarantined_once(refined):
    # given
    event = an_event(payload=weighed("-1"))

    # when
    store = refined(event, event)

    # then
    assert counts(store) == {"in": 2, "warehouse": 0, "quarantined": 1, "duplicate": 1}


# --- one id, different events -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("other", [{"payload": weighed("99.99")}, {"source": "other"}])
def test_first_of_two_events_with_one_id_is_kept(refined, other):
    # given
    event = an_event()

    # when
    store = refined(event, {**event, **other})

    # then the first one received is shown, and the other waits with the reason
    assert [(row["request_id"], row["weight"]) for row in rows(store)] == [("request-0", Decimal("19.99"))]
    [refused] = quarantine(store).rows(named=True)
    assert refused["rules"] == [PRIMARY_KEY]
    assert "the same channel and event_id but differs, and the earlier one is kept" in refused["reason"]
    assert json.loads(refused["original"])["request_id"] == "request-1"
    assert counts(store) == {"in": 2, "warehouse": 1, "quarantined": 1, "duplicate": 0}


@pytest.mark.parametrize("objects", [[4], [1, 3], [2, 2], [3, 1], [1, 1, 1, 1]])
def test_event_received_first_counts_however_its_rivals_land(objects):
    # given events, each with its repetition and two that contradict it, landing in every order
    landing = []
    for order in itertools.permutations(range(4)):
        event = an_event()
        rivals = [event, event, {**event, "payload": weighed("1.00")}, {**event, "payload": weighed("2.00")}]
        landing.append([stored(rivals[place], place) for place in order])

    # when they land in batches of any size
    places = [range(sum(objects[:each]), sum(objects[: each + 1])) for each in range(len(objects))]
    store = lake_of(*[[lines[place] for lines in landing for place in batch] for batch in places])

    # then
    shown = [(row["request_id"], str(row["weight"])) for row in rows(store)]
    assert shown == [("request-0", "19.99")] * len(landing)


def test_events_of_one_instant_are_ordered_by_request():
    # given two of one millisecond
    event = an_event()
    first, second = (
        stored_event({**event, "payload": weighed(weight)}, Receipt(RECEIVED, request, SCANNER))
        for weight, request in (("1.00", "a"), ("2.00", "b"))
    )

    # then their order of landing does not matter
    assert weights(lake_of([second, first])) == weights(lake_of([second], [first])) == [(SCANNER, "1.00")]


def test_refused_event_keeps_no_other_of_its_id_out(refined):
    # given one that breaks a rule, received before one that is sound
    event = an_event()

    # when
    store = refined({**event, "payload": weighed("-1.00")}, event)

    # then it is refused by its own rule, and the sound one is shown, as it would be in another object
    assert weights(store) == [(SCANNER, "19.99")]
    assert quarantine(store)["rules"].to_list() == [["weight|min_exclusive"]]


# --- forged -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("channel", [SCANNER, HANDHELD])
@pytest.mark.parametrize("batches", [1, 2])
@pytest.mark.parametrize("forged_second", [0, 2])
def test_callback_stays_if_a_key_posts_its_id(channel, batches, forged_second):
    # given a signed callback, and an event with its id from somebody with an API key, before it or after it
    genuine, event_id = called_back("500.00", 1)
    forged = stored(an_event(event_id=event_id, payload=weighed("1.00")), forged_second, channel)

    # when both land, in one batch or in two
    store = lake_of([genuine, forged]) if batches == 1 else lake_of([genuine], [forged])

    # then the genuine one is shown as it was sent
    assert (SCALES, "500.00") in weights(store)
    assert PRIMARY_KEY not in quarantine(store)["rules"].explode().to_list()


@pytest.mark.parametrize("source", ["scanner", "scales"])
def test_weighing_by_an_untrusted_key_is_not_counted(source):
    # given a genuine weighing, and one from a key that is not trusted, whatever it says of itself
    genuine, _ = called_back("500.00")
    forged = stored(an_event(source=source, payload=weighed("1000000.00")), 1, HANDHELD)

    # when
    store = lake_of([genuine, forged])

    # then it waits with the reason, and the report counts the genuine one alone
    assert counted(store) == (1, Decimal("500.00"))
    [refused] = quarantine(store).rows(named=True)
    assert refused["rules"] == ["a_weighing_arrives_by_a_trusted_channel"]
    assert refused["reason"] == "breaks the rule 'a weighing arrives by a trusted channel'"


def test_scan_by_any_key_is_accepted():
    scan = an_event(event_type="scan", payload={"member_id": 1, "place": "/"})
    assert [row["channel"] for row in rows(lake_of([stored(scan, channel=HANDHELD)]))] == [HANDHELD]


# --- from before channels ---------------------------------------------------------------------------------------------


def old_file(store, key=KEY):
    """Make a warehouse file one that was written before there was the column."""
    warehouse_key = parse_inbound_key(key).warehouse_key
    body = io.BytesIO()
    pl.read_parquet(io.BytesIO(store.read(warehouse_key))).drop("channel").write_parquet(body)
    store.objects[warehouse_key] = StoredObject(body.getvalue(), store.objects[warehouse_key].metadata)


def test_old_event_is_read_with_an_unknown_channel():
    # given an object whose events have no channel
    event = an_event()
    store = lake_of([without_channel(stored(event)), without_channel(stored(event, 1))])

    # then it is a row once, and the report counts it as before
    assert weights(store) == [(UNKNOWN_CHANNEL, "19.99")]
    assert counts(store) == {"in": 2, "warehouse": 1, "quarantined": 0, "duplicate": 1}
    assert counted(store) == (1, Decimal("19.99"))


def test_old_warehouse_file_is_read_with_an_unknown_channel():
    # given a file from before, and a newer one with the channel; both have an event of one id
    event, other = an_event(), an_event(payload=weighed("5.00"))
    store = lake_of([without_channel(stored(event)), without_channel(stored(other))], [stored(event, 60)])
    old_file(store)

    # when it is read, and when it is processed again
    before = weights(store)
    refine(store, {"readings": DATASET}, "again", Replay([KEY]))

    # then both are equal, and the new event is another one: nobody can say by which channel the old one arrived
    assert before == weights(store) == [(SCANNER, "19.99"), (UNKNOWN_CHANNEL, "19.99"), (UNKNOWN_CHANNEL, "5.00")]


def test_first_received_of_old_and_new_events_is_in_the_view():
    # given old and new files, events sent again, events of one id that differ, and one id by two channels
    event, other = an_event(), an_event()
    genuine, event_id = called_back("500.00")
    store = lake_of(
        [without_channel(stored(event, 5)), without_channel(stored(other, 6))],
        [stored(event, 30), stored({**event, "payload": weighed("7.00")}, 40), genuine],
        [stored({**event, "payload": weighed("8.00")}, 20), stored(an_event(event_id=event_id), 21)],
    )
    old_file(store)

    # then
    columns = ("channel", "event_id", "weight", "request_id")
    rows = published_view(store, DATASET).select(columns).collect().rows()
    assert (SCANNER, event["event_id"], Decimal("8.00"), "request-20") in rows
    assert len(rows) == len({row[:2] for row in rows})
