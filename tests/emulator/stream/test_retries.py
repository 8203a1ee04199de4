"""A callback whose receiver was killed, on the deployed platform: the sender repeats it until the claim has ended."""

import hashlib
import hmac
import json
import time

import pytest

from local.demo.posting import sender_pool

pytestmark = [pytest.mark.emulator, pytest.mark.long, pytest.mark.xdist_group("platform")]

# Longer than the first answer takes on a busy machine.
CLAIM_LEFT_SECONDS = 15


@pytest.fixture
def signatures(target):
    """The table of the callbacks' signatures."""
    names = target.client("dynamodb").list_tables()["TableNames"]
    [name] = [each for each in names if "-stream-signatures" in each]
    return name


def test_sender_repeats_a_callback_until_its_claim_has_ended(event_stream, target, signatures, monkeypatch):
    # given a callback whose receiver was killed after its claim
    body, now = json.dumps({"id": "pay-claimed"}).encode(), int(time.time())
    signature = hmac.new(event_stream.callback_secret.encode(), f"{now}.".encode() + body, hashlib.sha256).hexdigest()
    claim = {
        "signature": {"S": f"scales#{signature}"},
        "request_id": {"S": "killed"},
        "until": {"N": str(now + CLAIM_LEFT_SECONDS)},
        "expires_at": {"N": str(now + 3600)},
    }
    target.client("dynamodb").put_item(TableName=signatures, Item=claim)

    # when it is sent once, and by a sender that obeys the answer
    refused = event_stream.call_back(body, signed_at=now)
    monkeypatch.setattr(event_stream, "_http", sender_pool())
    repeated = event_stream.call_back(body, signed_at=now)

    # then
    assert refused.status == 503
    assert 1 <= int(refused.headers["Retry-After"]) <= CLAIM_LEFT_SECONDS + 1
    assert repeated.status == 202
