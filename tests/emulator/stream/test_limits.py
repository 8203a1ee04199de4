"""Limits of the deployed API: calls without a key do not use up the limits of calls with one."""

import uuid

import pytest

pytestmark = [pytest.mark.emulator, pytest.mark.xdist_group("platform")]

CALLBACKS = "/~1callbacks~1{provider}/POST/throttling"
BURST = 3


@pytest.fixture
def few_callbacks(target):
    """The deployed limits of callbacks, temporarily reduced."""
    gateway, api = target.client("apigateway"), target.exports["eventsApiId"]
    [stage] = gateway.get_stages(restApiId=api)["item"]
    [deployed] = [limits for path, limits in stage["methodSettings"].items() if "callbacks" in path]

    def limit(rate, burst):
        changes = {f"{CALLBACKS}/rateLimit": rate, f"{CALLBACKS}/burstLimit": burst}
        operations = [{"op": "replace", "path": path, "value": str(value)} for path, value in changes.items()]
        gateway.update_stage(restApiId=api, stageName=stage["stageName"], patchOperations=operations)

    limit(0.01, BURST)
    yield
    limit(deployed["throttlingRateLimit"], deployed["throttlingBurstLimit"])


@pytest.mark.usefixtures("few_callbacks")
def test_callbacks_use_up_their_own_limit_alone(held_events):
    # when a caller without key and secret exceeds the limit of callbacks
    forged = [held_events.post(b"{}", "/callbacks/scales", {"Content-Type": "application/json"}) for _ in range(6)]

    # then the excess does not reach the receiver
    assert [answer.status for answer in forged] == [401] * BURST + [429] * (6 - BURST)
    assert forged[-1].headers["Retry-After"] == "1"

    # and posts with a key are accepted
    event = {
        "event_id": str(uuid.uuid4()),
        "event_type": "scan",
        "occurred_at": "2026-11-02T08:15:30Z",
        "source": "scanner",
        "payload": {"member_id": 17, "place": "/a"},
    }
    assert [held_events.post({**event, "event_id": str(uuid.uuid4())}).status for _ in range(20)] == [202] * 20
