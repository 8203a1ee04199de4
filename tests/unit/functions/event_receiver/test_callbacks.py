"""What third parties send: signed, fresh, once, and wrapped into an event of the same id however often it comes."""

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from functions.event_receiver.answers import RETRY_SECONDS
from functions.event_receiver.channels import Channels
from functions.event_receiver.event_queue import EventQueue
from functions.event_receiver.providers import FAILED_SECONDS, KEPT_SECONDS, WRONG_SIGNATURE_SECONDS, Providers
from functions.event_receiver.receiver import Receiver
from functions.event_receiver.request import read_request
from functions.event_receiver.signatures import UsedSignatures

NOW = datetime(2026, 11, 23, 9, 0, 0, tzinfo=UTC)
SECRET = "shared with the provider"
BODY = json.dumps({"id": "scale_1", "type": "weighing", "data": {"weight": 5}})


class MemoryTable:
    """A table of signatures in memory, which checks the claim's condition."""

    class ConditionalCheckFailedException(Exception):  # noqa: N818 - boto3's name
        def __init__(self, item):
            super().__init__("condition")
            self.response = {"Item": item}

    exceptions = type("Exceptions", (), {"ConditionalCheckFailedException": ConditionalCheckFailedException})

    def __init__(self):
        self.items = {}

    def put_item(self, *, Item, ConditionExpression=None, ExpressionAttributeValues=None, **_):  # noqa: N803 - boto3's names
        signature = Item["signature"]["S"]
        before = self.items.get(signature)
        if ConditionExpression and before and before["request_id"] != ExpressionAttributeValues[":request"]:
            until = int(before.get("until", {"N": "99999999999"})["N"])
            if until >= int(ExpressionAttributeValues[":now"]["N"]):
                raise self.ConditionalCheckFailedException(before)
        self.items[signature] = Item

    def delete_item(self, *, Key, **_):  # noqa: N803 - boto3's name
        del self.items[Key["signature"]["S"]]


class MemoryParameters:
    """Parameters in memory."""

    class ParameterNotFound(Exception):  # noqa: N818 - boto3's name
        pass

    exceptions = type("Exceptions", (), {"ParameterNotFound": ParameterNotFound})

    def __init__(self, values):
        self.values, self.reads, self.is_down = values, 0, False

    def get_parameter(self, *, Name, **_):  # noqa: N803 - boto3's name
        self.reads += 1
        if self.is_down:
            raise ClientError({"Error": {"Code": "ThrottlingException"}}, "GetParameter")
        if Name not in self.values:
            raise self.ParameterNotFound
        return {"Parameter": {"Value": self.values[Name]}}


class Queue:
    """A queue in memory that refuses for as long as it is told to."""

    def __init__(self):
        self.bodies, self.is_down, self.is_broken = [], False, False

    def send_message_batch(self, *, Entries, **_):  # noqa: N803 - boto3's name
        if self.is_broken:
            raise RuntimeError("a defect")
        if self.is_down:
            raise ClientError({"Error": {"Code": "ServiceUnavailable"}}, "SendMessageBatch")
        self.bodies += [entry["MessageBody"] for entry in Entries]
        return {"Successful": [{"Id": entry["Id"]} for entry in Entries]}


class Api:
    """The receiver over what is in memory, at a time that a test sets."""

    def __init__(self):
        self.queue, self.table, self.now, self.requests = Queue(), MemoryTable(), NOW, 0
        configuration = {"event_id_pointer": "/id", "event_type_pointer": "/type", "secret_parameter": "/secret"}
        self.parameters = MemoryParameters({"/p/events/callbacks/scales": json.dumps(configuration), "/secret": SECRET})
        self.receiver = Receiver(
            EventQueue(self.queue, "queue"),
            Channels({}, ["scales"]),
            Providers(self.parameters, "/p", ["scales"], clock=self._seconds),
            UsedSignatures(self.table, "table"),
            clock=lambda: self.now,
        )

    def _seconds(self):
        return self.now.timestamp()

    def call(self, body=BODY, provider="scales", headers=None, **signing):
        self.requests += 1
        sent = signed(body, **signing) if headers is None else headers
        event = {
            "httpMethod": "POST",
            "resource": "/callbacks/{provider}",
            "pathParameters": {"provider": provider},
            "headers": {"content-type": "application/json", **sent},
            "requestContext": {"requestId": f"request-{self.requests}"},
            "body": body,
        }
        answer = self.receiver.reply(read_request(event, ""), 7.0).answer
        self.retry_after = answer["headers"].get("Retry-After")
        return answer["statusCode"], json.loads(answer["body"])


def signed(body, *, at=NOW, secret=SECRET, prefix="sha256="):
    timestamp = str(int(at.timestamp()))
    digest = hmac.new(secret.encode(), f"{timestamp}.{body}".encode(), hashlib.sha256).hexdigest()
    return {"X-Signature": prefix + digest, "x-timestamp": timestamp}


@pytest.fixture
def api():
    return Api()


@pytest.mark.parametrize("prefix", ["", "sha256="])
def test_a_signed_callback_is_stored_as_an_event(api, prefix):
    # when
    status, answer = api.call(prefix=prefix)

    # then
    stored = json.loads(api.queue.bodies[0])
    assert (status, answer["accepted"]) == (202, [stored["event_id"]])
    assert {name: stored[name] for name in ("event_type", "occurred_at", "source", "payload", "channel")} == {
        "event_type": "weighing",
        "occurred_at": "2026-11-23T09:00:00Z",
        "source": "scales",
        "payload": json.loads(BODY),
        "channel": "callback:scales",
    }


def test_a_callback_that_is_signed_anew_is_the_same_event(api):
    # when
    first, second = api.call(), api.call(at=NOW.replace(second=1))

    # then
    assert (first[0], second[0]) == (202, 202)
    assert first[1]["accepted"] == second[1]["accepted"]


@pytest.mark.parametrize(
    ("first", "second", "is_same"),
    [
        ('{"a": 1}', '{"a": 1}', True),
        ('{"a": 1}', '{"a": 2}', False),
        ('{"id": 7}', '{"id": 7, "more": 1}', True),
        ('{"id": null, "a": 1}', '{"id": null, "a": 2}', False),
        ('{"id": true, "a": 1}', '{"id": true, "a": 2}', False),
        ('{"id": 7}', '{"id": "7"}', False),
        ('{"id": 7}', '{"id": 7.0}', True),
        ('{"id": 7}', '{"id": 70e-1, "more": 1}', True),
        ('{"id": 7.5}', '{"id": 7.50, "more": 1}', True),
        ('{"a": 1, "b": [2, {"c": 3, "d": 4}]}', '{ "b": [2, {"d": 4, "c": 3}], "a": 1 }', True),
        ('{"a": 1, "b": -0.0}', '{"a": 1.0, "b": 0}', True),
        ('{"a": 1e2}', '{"a": 100}', True),
        ('{"a": 1e22}', '{"a": 10000000000000000000000}', True),
        ('{"a": "\\u0041"}', '{"a": "A"}', True),
        ('{"a": 1}', '{"a": "1"}', False),
        ('{"a": 1}', '{"a": true}', False),
        ('{"a": [1, 2]}', '{"a": [2, 1]}', False),
    ],
)
def test_id_is_the_providers_or_follows_from_the_body(api, first, second, is_same):
    # when
    ids = [api.call(body, at=NOW.replace(second=place))[1]["accepted"] for place, body in enumerate((first, second))]

    # then
    assert (ids[0] == ids[1]) is is_same


@pytest.mark.parametrize("kind", ['{"id": 1}', '{"type": "Payment Made"}', '{"type": 3}'])
def test_without_a_type_of_the_providers_it_is_a_callback_of_its(api, kind):
    # when
    api.call(kind)

    # then
    assert json.loads(api.queue.bodies[0])["event_type"] == "scales.callback"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Signature": signed(BODY)["X-Signature"]},
        {"X-Timestamp": signed(BODY)["x-timestamp"]},
        {**signed(BODY), "X-Signature": "sha256=abc"},
        {**signed(BODY), "x-timestamp": "now"},
        {**signed(BODY), "x-timestamp": "1795421731"},
        signed(BODY, secret="another"),
        signed(BODY + " "),
        signed(BODY, at=NOW.replace(hour=8, minute=54, second=59)),
        signed(BODY, at=NOW.replace(minute=5, second=1)),
    ],
)
def test_a_missing_wrong_or_stale_signature_is_refused(api, headers):
    # when
    status, answer = api.call(headers=headers)

    # then
    assert (status, answer["title"], api.queue.bodies, api.table.items) == (401, "Unauthorized", [], {})


def test_the_edge_of_the_tolerance_is_fresh(api):
    assert api.call(at=NOW.replace(hour=8, minute=55))[0] == 202


def test_a_replayed_signature_is_refused(api):
    # given
    api.call()

    # when
    status, answer = api.call(prefix="")

    # then
    assert (status, answer["title"], len(api.queue.bodies)) == (409, "Conflict", 1)


def test_a_callback_that_could_not_be_stored_is_accepted_when_it_comes_again(api):
    # given
    api.queue.is_down = True
    status, answer = api.call()
    assert (status, answer["accepted"], len(answer["not_stored"])) == (503, [], 1)

    # when
    api.queue.is_down = False
    again, _ = api.call()

    # then
    assert (again, len(api.queue.bodies)) == (202, 1)


def test_a_callback_whose_receiver_was_killed_is_accepted_a_minute_later_and_not_called_a_replay_before(api):
    # given a claim that nobody ended
    api.queue.is_broken = True
    with pytest.raises(RuntimeError):
        api.call()
    api.queue.is_broken = False

    # when
    at_once, _ = api.call()
    api.now = NOW.replace(minute=1, second=1)
    later, _ = api.call()

    # then
    assert (at_once, later, len(api.queue.bodies)) == (503, 202, 1)


@pytest.mark.parametrize("seconds_later", [0, 1, 37, 60])
def test_retry_after_is_when_the_claim_of_a_killed_receiver_ends(api, seconds_later):
    # given a claim that nobody ended, and a sender that is refused some time later
    api.queue.is_broken = True
    with pytest.raises(RuntimeError):
        api.call()
    api.queue.is_broken = False
    api.now = NOW + timedelta(seconds=seconds_later)
    refused, answer = api.call()
    wait = int(api.retry_after)

    # when it sends the callback again a second too early, and when it was asked to
    api.now = NOW + timedelta(seconds=seconds_later + wait - 1)
    early, _ = api.call()
    api.now = NOW + timedelta(seconds=seconds_later + wait)
    again, _ = api.call()

    # then
    assert (refused, early, again, len(api.queue.bodies)) == (503, 503, 202, 1)
    assert f"send it again in {wait} seconds" in answer["detail"]


def test_what_is_unavailable_says_when_to_send_it_again(api):
    # given a queue that refuses, then a provider whose secret is missing
    api.queue.is_down = True
    refused = (api.call()[0], api.retry_after)
    del api.parameters.values["/secret"]
    api.now = NOW + timedelta(hours=1)
    unavailable = (api.call(at=api.now)[0], api.retry_after)

    # then both are answered alike
    assert refused == unavailable == (503, str(RETRY_SECONDS))


def test_other_answers_do_not_say_when_to_send_it_again(api):
    # when
    statuses = {}
    for call in ({}, {}, {"provider": "unknown"}, {"body": "[]"}, {"secret": "wrong"}):
        status, _ = api.call(**call)
        statuses[status] = api.retry_after

    # then
    assert statuses == dict.fromkeys((202, 409, 404, 400, 401))


@pytest.mark.parametrize("provider", ["unknown", "", "../scales", "Scales"])
def test_an_unknown_provider_is_not_found(api, provider):
    # when
    status, answer = api.call(provider=provider)

    # then
    assert (status, answer["detail"]) == (404, "the path does not name a known provider")


@pytest.mark.parametrize("body", ["", "[]", "3", "{", '{"a": NaN}', '{"a": ' + "[" * 40 + "]" * 40 + "}"])
def test_a_signed_body_that_is_no_json_object_is_refused(api, body):
    # when
    status, answer = api.call(body)

    # then
    assert (status, [each["pointer"] for each in answer["errors"]], api.queue.bodies) == (400, [""], [])


@pytest.mark.parametrize("body", ['{"a": "' + "x" * 200 * 1024 + '"}', '{"a": [' + "1E15," * 20_000 + "1]}"])
def test_a_body_that_is_too_large_as_sent_or_as_stored_is_refused(api, body):
    assert api.call(body)[0] == 413


def test_a_callback_of_another_media_type_is_refused(api):
    assert api.call(headers={**signed(BODY), "content-type": "text/plain"})[0] == 415


def test_parameters_are_read_once_in_a_while(api):
    # when
    for second in range(3):
        api.call(at=NOW.replace(second=second))

    # then the provider and its secret
    assert api.parameters.reads == 2


def test_unknown_providers_cause_no_request_to_ssm(api):
    # when a thousand names that nobody has are called
    statuses = {api.call(provider=f"nobody_{number}")[0] for number in range(1000)}

    # then SSM is not asked, and the real provider's parameters are read once all the same
    assert (statuses, api.parameters.reads) == ({404}, 0)
    assert api.call()[0] == 202


def test_removed_secret_is_refused_after_a_minute(api):
    # given
    api.call()
    api.parameters.values["/secret"] = "another"

    # when
    before = api.call(at=NOW.replace(second=1))[0]
    api.now = NOW + timedelta(seconds=KEPT_SECONDS)
    after = api.call(at=api.now)[0]

    # then
    assert (before, after, KEPT_SECONDS) == (202, 401, 60)


def test_new_secret_is_accepted_at_once_if_the_old_one_was_read(api):
    # given a secret that was read a while ago, and changed since
    api.call()
    api.parameters.values["/secret"] = "another"
    api.now = NOW + timedelta(seconds=WRONG_SIGNATURE_SECONDS)

    # when
    new, old = (api.call(f'{{"id": "{secret}"}}', at=api.now, secret=secret)[0] for secret in ("another", SECRET))

    # then
    assert (new, old) == (202, 401)


def test_wrong_signatures_read_the_secrets_once_in_a_while(api):
    # given
    api.call()
    reads = api.parameters.reads

    # when a wrong signature arrives each second for as long as the secrets are kept
    for second in range(int(KEPT_SECONDS)):
        api.now = NOW + timedelta(seconds=second)
        assert api.call(at=api.now, secret="guessed")[0] == 401

    # then each ten seconds provider and secret are read once
    assert (api.parameters.reads - reads) / 2 <= KEPT_SECONDS / WRONG_SIGNATURE_SECONDS


def test_wrong_signature_stays_wrong_while_ssm_does_not_answer(api):
    # given
    api.call()
    api.parameters.is_down = True
    api.now = NOW + timedelta(seconds=WRONG_SIGNATURE_SECONDS)

    # when
    wrong = [api.call(f'{{"id": {number}}}', at=api.now, secret="guessed")[0] for number in range(5)]

    # then SSM is asked once, and the last good secret is kept
    assert (wrong, api.parameters.reads) == ([401] * 5, 3)
    assert api.call(BODY.replace("scale_1", "scale_2"), at=api.now)[0] == 202


def test_both_secrets_are_accepted_while_they_change(api):
    # given a provider that changes from one secret to another
    configuration = json.loads(api.parameters.values["/p/events/callbacks/scales"])
    configuration["other_secret_parameter"] = "/secret-second"
    api.parameters.values["/p/events/callbacks/scales"] = json.dumps(configuration)
    api.parameters.values["/secret-second"] = "the new one"

    # when
    statuses = [
        api.call(f'{{"id": {number}}}', secret=secret)[0]
        for number, secret in enumerate((SECRET, "the new one", "a third one"))
    ]

    # then
    assert statuses == [202, 202, 401]


def test_last_secret_stays_in_use_while_ssm_does_not_answer(api):
    # given parameters that were read, and an outage of SSM after they ought to be read again
    api.call()
    api.parameters.is_down = True
    api.now = NOW + timedelta(seconds=KEPT_SECONDS)

    # when several callbacks arrive within the time in which SSM is left alone
    statuses = [api.call(f'{{"id": {number}}}', at=api.now)[0] for number in range(3)]

    # then all are accepted, and SSM was asked once
    assert (statuses, api.parameters.reads) == ([202, 202, 202], 3)


def test_callback_is_unavailable_if_ssm_never_answered(api):
    # given
    api.parameters.is_down = True

    # when many callbacks arrive within the time after which they are to be sent again
    statuses = {api.call(f'{{"id": {number}}}')[0] for number in range(100)}

    # then SSM was asked once
    assert (statuses, api.parameters.reads) == ({503}, 1)

    # and it is asked again afterwards
    api.parameters.is_down = False
    api.now = NOW + timedelta(seconds=FAILED_SECONDS)
    assert (api.call()[0], int(api.retry_after or FAILED_SECONDS)) == (202, FAILED_SECONDS)


@pytest.mark.parametrize("missing", ["/p/events/callbacks/scales", "/secret"])
def test_declared_provider_without_parameters_is_unavailable(api, missing):
    # given a provider that was read before
    api.call()
    del api.parameters.values[missing]
    api.now = NOW + timedelta(seconds=KEPT_SECONDS)

    # then what SSM does say is not overruled by what it said before
    assert api.call(at=api.now)[0] == 503


def test_what_cannot_be_configured_is_unavailable_and_says_nothing_of_it(api):
    # given
    del api.parameters.values["/secret"]

    # when
    status, answer = api.call()

    # then
    assert (status, "/secret" in json.dumps(answer)) == (503, False)
