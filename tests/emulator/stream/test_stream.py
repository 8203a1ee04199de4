"""The stream on the deployed platform, with IAM enforced: what is posted over HTTP is found in the lake, once."""

import gzip
import io
import json
import uuid
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
import yaml

from lake.keys import parse_inbound_key, report_key
from lake.object_index.index import ObjectIndex
from lake.object_index.items import Progress
from local.demo.access_check import team_client
from ops.ingest.collect import collect
from ops.ingest.extract import extract
from ops.stack.row_accounts import landed_objects
from tests.support.platform_steps import deliver, eventually, index_settles, outgoing_folder, refine
from tests.support.stream import Answer

pytestmark = [pytest.mark.emulator, pytest.mark.xdist_group("platform")]

DOCUMENT = yaml.safe_load((Path(__file__).resolve().parents[3] / "docs/openapi.yaml").read_text())
METHODS = {"get", "put", "post", "delete", "patch", "head"}


def test_paths_and_methods_of_the_deployed_api_are_the_documents(target):
    # given what the gateway says that it has
    gateway = target.client("apigateway")
    resources = gateway.get_resources(restApiId=target.exports["eventsApiId"], limit=500)["items"]

    # then it is the document's, and each path answers a browser's question before it
    deployed = {(each["path"], method) for each in resources for method in each.get("resourceMethods", {})}
    documented = {
        (path, method.upper())
        for path, operations in DOCUMENT["paths"].items()
        for method in operations
        if method in METHODS
    }
    assert deployed == documented | {(path, "OPTIONS") for path, _ in documented}


def test_a_method_of_the_deployed_api_needs_a_key_where_the_document_says_so(target):
    gateway, api = target.client("apigateway"), target.exports["eventsApiId"]
    keyed = {
        (each["path"], method)
        for each in gateway.get_resources(restApiId=api, limit=500)["items"]
        for method in each.get("resourceMethods", {})
        if gateway.get_method(restApiId=api, resourceId=each["id"], httpMethod=method)["apiKeyRequired"]
    }
    assert keyed == {("/events", "POST")}


def scans(count):
    """Events as a scanner posts them, each with an id of its own."""
    return [
        {
            "event_id": str(uuid.uuid4()),
            "event_type": "scan",
            "occurred_at": "2026-11-02T08:15:30Z",
            "source": "scanner",
            "payload": {"member_id": 17, "place": f"/places/{number}"},
        }
        for number in range(count)
    ]


def test_what_is_answered_202_is_in_the_queue(held_events):
    # when an array, a single event, another provider's event and a third party's call are posted
    posted = scans(30)
    [by_handheld] = scans(1)
    answers = [
        held_events.post(posted[1:]),
        held_events.post(posted[0]),
        held_events.post_with(held_events.handheld_key, by_handheld),
        held_events.call_back(b'{"id": "pay-1"}'),
    ]

    # then all are in the queue, the call wrapped into an event, and the answers say so
    assert [answer.status for answer in answers] == [202, 202, 202, 202]
    accepted = [event_id for answer in answers for event_id in answer.document["accepted"]]
    queued = {event["event_id"]: event for event in (json.loads(each["Body"]) for each in held_events.take())}
    assert sorted(queued) == sorted(accepted)
    for event in posted:
        assert queued[event["event_id"]].items() >= event.items()
    assert queued[accepted[-1]]["payload"] == {"id": "pay-1"}

    # and each with the channel that it arrived by
    assert {queued[event["event_id"]]["channel"] for event in posted} == {"key:scanner"}
    assert queued[by_handheld["event_id"]]["channel"] == "key:handheld"
    assert queued[accepted[-1]]["channel"] == "callback:scales"


@pytest.fixture
def undeclared_key(target):
    """A key that an operator made by hand, in the plan of a declared provider."""
    gateway = target.client("apigateway")
    plans = gateway.get_usage_plans()["items"]
    [plan] = [plan["id"] for plan in plans if plan["name"].endswith("-scanner")]
    key = gateway.create_api_key(name="by hand", enabled=True)
    gateway.create_usage_plan_key(usagePlanId=plan, keyId=key["id"], keyType="API_KEY")
    yield key["value"]
    gateway.delete_usage_plan_key(usagePlanId=plan, keyId=key["id"])
    gateway.delete_api_key(apiKey=key["id"])


def test_event_with_an_undeclared_key_is_refused(held_events, undeclared_key):
    # when
    answer = held_events.post_with(undeclared_key, scans(1))

    # then nothing is stored under a guessed channel
    assert (answer.status, held_events.take()) == (503, [])
    assert "the API key does not belong to a provider" in answer.document["detail"]


LABEL, TOWN, OWNER = "AB26STR", "STREAMFORD", 17
FORGED_LABEL, FORGED_TOWN = "AB26FRG", "FORGERY"
SCANS, WEIGHTS = 40, ("19.99", "5.00", "0.01")


@dataclass(frozen=True)
class Journey:
    """What was posted, and the objects that it landed in."""

    posted: list
    keys: list
    landed: list
    """What the index said of those objects before the jobs ran."""
    forgery: "Forgery"


@dataclass(frozen=True)
class Forgery:
    """A genuine weighing of a third party, and what was answered to those who forged it."""

    event_id: str
    claiming: Answer
    """To an event that claims to be from the third party."""
    replacing: Answer
    """To events with the genuine one's id, and with an id of their own, from a key whose weighings are not trusted."""


@pytest.fixture(scope="module")
def journey(platform, event_stream):
    """Weighings of a parcel whose owner is known, and scans: posted, one in ten twice, landed, and refined."""
    target = event_stream.target
    parcel = outgoing_folder(platform) / "streamford.csv"
    rows = (f"{OWNER},{TOWN},Small,{LABEL}", f"{OWNER},{FORGED_TOWN},Small,{FORGED_LABEL}")
    deliver(parcel, "\n".join(("member_id,town,size,label", *rows, "")))
    collect(target, "parcels")
    parcel.unlink()
    extract(target, "members", lambda _: None)
    posted = scans(SCANS) + [weighing(weight) for weight in WEIGHTS]
    request_ids = [
        event_stream.post(events).document["request_id"] for events in (posted, posted[::10], posted[-len(WEIGHTS) :])
    ]
    event_stream.settle()
    keys = [
        each.inbound.key
        for each in landed_objects(target, "readings")
        if each.inbound.key.endswith(".gz")
        and any(event["request_id"] in request_ids for event in read_landed(target, each.inbound.key))
    ]
    landed = eventually(lambda: known(target, keys), 20, "the objects in the index")
    forgery = forge(event_stream)
    event_stream.settle()
    refine(target)
    return Journey(posted, keys, landed, forgery)


def weighing(weight, label=LABEL, **members):
    return scans(1)[0] | {
        "event_type": "weighing",
        "occurred_at": "2026-11-03T23:59:59.999Z",
        "payload": {"weight": weight, "unit": "KGM", "label": label},
        **members,
    }


def forge(stream):
    """A third party calls back, and others try to be it: by its name, by its event's id, and with any weighing."""
    called_back = {"id": "scale_forged", "type": "weighing", **weighing("500.00", FORGED_LABEL)["payload"]}
    genuine = stream.call_back(json.dumps(called_back).encode())
    [event_id] = genuine.document["accepted"]
    forged = [weighing("1.00", FORGED_LABEL, event_id=event_id), weighing("1000000.00", FORGED_LABEL)]
    return Forgery(
        event_id,
        claiming=stream.post(weighing("1000000.00", FORGED_LABEL, source="scales")),
        replacing=stream.post_with(stream.handheld_key, forged),
    )


def read_landed(target, key):
    body = target.client("s3").get_object(Bucket=target.bucket, Key=key)["Body"].read()
    return [json.loads(line) for line in gzip.decompress(body).decode().split("\n")[:-1]]


def known(target, keys, progress=None):
    """What the index says of objects by dataset and day, once it knows all of them, with that progress."""
    table = ObjectIndex(target.client("dynamodb"), target.exports["attributesTable"])
    days = {parse_inbound_key(key).landing_date for key in keys}
    found = [each for day in days for each in table.of_day("readings", day) if each.inbound.key in keys]
    arrived = [each for each in found if progress in {None, each.progress}]
    return arrived if len(arrived) == len(keys) else None


def test_each_posted_event_is_in_the_lake_as_it_was_posted(target, journey):
    landed = {event["event_id"]: event for key in journey.keys for event in read_landed(target, key)}
    assert landed.keys() == {event["event_id"] for event in journey.posted}
    for event in journey.posted:
        assert landed[event["event_id"]].items() >= event.items()


def weighed(target, town):
    """What the team accounts reads of a town in its report."""
    report = report_key("accounts", "weight_by_day_and_town", "parquet")
    body = team_client(target, "accounts", "s3").get_object(Bucket=target.bucket, Key=report)["Body"].read()
    (row,) = pl.read_parquet(io.BytesIO(body)).filter(pl.col("town") == town).rows(named=True)
    return row


@pytest.mark.usefixtures("journey")
def test_weighings_are_in_the_report_each_once(target):
    # then what was posted twice counts once, joined with the parcel and its owner
    assert weighed(target, TOWN) == {
        "day": date(2026, 11, 3),
        "town": TOWN,
        "unit": "KGM",
        "weighings": len(WEIGHTS),
        "members": 1,
        "weight": sum(map(Decimal, WEIGHTS)),
    }


def test_event_that_claims_to_be_a_third_partys_is_refused(journey):
    answer = journey.forgery.claiming
    assert (answer.status, [error["pointer"] for error in answer.document["errors"]]) == (400, ["/source"])


def test_forged_weighings_are_not_in_the_report(target, journey):
    # given that another key's events were accepted, one of them with the genuine weighing's id
    assert journey.forgery.replacing.status == 202
    assert journey.forgery.event_id in journey.forgery.replacing.document["accepted"]

    # then the team accounts counts the genuine weighing alone, as the third party signed it
    counted = weighed(target, FORGED_TOWN)
    assert (counted["weighings"], counted["weight"]) == (1, Decimal("500.00"))


def test_forged_weighing_waits_beside_the_genuine_one(ops, target, journey):
    # when an operator follows the id
    index_settles(target)
    found = ops("trace", journey.forgery.event_id).stdout

    # then both are shown with their channels
    assert "channel callback:scales" in found
    assert "by a_weighing_arrives_by_a_trusted_channel" in found


def test_the_index_tells_each_objects_attributes_as_it_lands(target, journey):
    s3 = target.client("s3")
    for each in journey.landed:
        head = s3.head_object(Bucket=target.bucket, Key=each.inbound.key)
        assert each.inbound.dataset == "readings"
        assert (each.landing.bytes, each.landing.etag) == (head["ContentLength"], head["ETag"].strip('"'))
        assert each.landing.rows == len(read_landed(target, each.inbound.key))
        assert each.arrived_at == head["LastModified"]
    assert sum(each.landing.rows for each in journey.landed) == len(journey.posted) + 5 + len(WEIGHTS)


def test_the_index_follows_objects_through_the_pipeline(target, journey):
    found = eventually(lambda: known(target, journey.keys, Progress.PROCESSED), 20, "the objects' progress")
    for each in found:
        assert each.processing.rows_in == each.landing.rows
        assert each.processing.balances
