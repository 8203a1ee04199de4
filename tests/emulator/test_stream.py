"""The stream on the deployed platform, with IAM enforced: what is posted over HTTP is found in the lake, once."""

import json
import uuid
from pathlib import Path

import pytest
import yaml

pytestmark = [pytest.mark.emulator, pytest.mark.xdist_group("platform")]

DOCUMENT = yaml.safe_load((Path(__file__).resolve().parents[2] / "docs/openapi.yaml").read_text())
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


def visits(count):
    """Events as the website posts them, each with an id of its own."""
    return [
        {
            "event_id": str(uuid.uuid4()),
            "event_type": "visit",
            "occurred_at": "2026-11-02T08:15:30Z",
            "source": "website",
            "payload": {"customer_id": 17, "page": f"/offers/{number}"},
        }
        for number in range(count)
    ]


def test_what_is_answered_202_is_in_the_queue(held_events):
    # when an array, a single event and a third party's call are posted
    posted = visits(30)
    answers = [held_events.post(posted[1:]), held_events.post(posted[0]), held_events.call_back(b'{"id": "pay-1"}')]

    # then all are in the queue, the call wrapped into an event, and the answers say so
    assert [answer.status for answer in answers] == [202, 202, 202]
    accepted = [event_id for answer in answers for event_id in answer.document["accepted"]]
    queued = {event["event_id"]: event for event in (json.loads(each["Body"]) for each in held_events.take())}
    assert sorted(queued) == sorted(accepted)
    for event in posted:
        assert queued[event["event_id"]].items() >= event.items()
    assert queued[accepted[-1]]["payload"] == {"id": "pay-1"}
