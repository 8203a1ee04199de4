"""A batch of messages lands as one object. Poison goes to the dead-letter queue and blocks nothing."""

import gzip
import json

import pytest
from botocore.exceptions import ClientError

from functions.event_batcher.batcher import Batcher
from lake.events import MEMBERS, NotAnEventError, check_stored_event

FIRST_OF_DAY = 1795392000000  # 2026-11-23T00:00:00Z


class MemoryS3:
    """Objects in memory."""

    def __init__(self):
        self.objects, self.is_down = {}, False

    def put_object(self, *, Key, **request):  # noqa: N803 - boto3's name
        if self.is_down:
            raise ClientError({"Error": {"Code": "SlowDown"}}, "PutObject")
        self.objects[Key] = request


class MemoryDeadLetters:
    """A dead-letter queue in memory that refuses the given bodies."""

    def __init__(self):
        self.entries, self.refused, self.is_down = [], (), False

    def send_message_batch(self, *, Entries, **_):  # noqa: N803 - boto3's name
        if self.is_down:
            raise ClientError({"Error": {"Code": "ServiceUnavailable"}}, "SendMessageBatch")
        taken = [entry for entry in Entries if entry["MessageBody"] not in self.refused]
        self.entries += taken
        return {"Successful": [{"Id": entry["Id"]} for entry in taken]}


def a_line(number):
    texts = {name: f"{name} {number}" for name in MEMBERS} | {"channel": "key:scanner"}
    return json.dumps({**texts, "payload": {"number": number, "text": "é"}}, ensure_ascii=False)


def a_record(message_id, body, sent=FIRST_OF_DAY):
    return {"messageId": message_id, "body": body, "attributes": {"SentTimestamp": str(sent)}}


@pytest.fixture
def s3():
    return MemoryS3()


@pytest.fixture
def dead_letters():
    return MemoryDeadLetters()


@pytest.fixture
def batcher(s3, dead_letters):
    return Batcher(s3, dead_letters, "lake", "readings", "dead-letters")


def test_a_batch_is_one_object_of_its_lines(batcher, s3):
    # when
    landed = batcher.land([a_record("b", a_line(2)), a_record("a", a_line(1))])

    # then
    ((key, request),) = s3.objects.items()
    assert (landed.key, landed.events, landed.poison, list(landed.failed)) == (key, 2, 0, [])
    assert key.startswith("inbound/readings/2026/11/23/")
    assert key.endswith(".ndjson.gz")
    assert gzip.decompress(request["Body"]).decode() == f"{a_line(1)}\n{a_line(2)}\n"
    assert request["Metadata"] == {"rows": "2"}


def test_same_messages_give_the_same_object_in_any_order(batcher, s3):
    # given
    records = [a_record(name, a_line(name)) for name in "abc"]
    batcher.land(records)
    ((key, first),) = list(s3.objects.items())

    # when
    again = batcher.land([*reversed(records), records[0]])

    # then
    assert (again.key, s3.objects) == (key, {key: first})


def test_other_messages_are_another_object(batcher, s3):
    # when
    batcher.land([a_record("a", a_line(1))])
    batcher.land([a_record("b", a_line(1))])

    # then
    assert len(s3.objects) == 2


def test_batch_over_midnight_lands_on_its_first_messages_day(batcher):
    # when
    landed = batcher.land([a_record("a", a_line(1)), a_record("b", a_line(2), FIRST_OF_DAY - 1)])

    # then
    assert landed.key.startswith("inbound/readings/2026/11/22/")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("", "it is not JSON"),
        ("{", "it is not JSON"),
        ("[" * 100_000, "it is not JSON"),
        ('{"payload": NaN}', "it is not JSON"),
        ("[]", "it is not a JSON object"),
        ("{}", "it does not have event_id, event_type, occurred_at, source, payload, received_at, request_id"),
        (a_line(1)[:-1] + ', "more": 1}', "it has members that events do not have"),
        (a_line(1).replace(" ", "\n", 1), "it has more than one line"),
        (json.dumps({**dict.fromkeys(MEMBERS, "text")}), "its payload is not an object"),
        (json.dumps({**dict.fromkeys(MEMBERS, 1), "payload": {}}), "its event_id is not a string or is empty"),
        (a_line(1).replace("key:scanner", "scanner"), "its channel is not key:NAME, callback:NAME or unknown"),
        (a_line(1).replace('"key:scanner"', "null"), "its channel is not key:NAME, callback:NAME or unknown"),
    ],
)
def test_poison_is_buried_with_its_reason_and_blocks_nothing(batcher, s3, dead_letters, body, reason):
    # when
    landed = batcher.land([a_record("a", a_line(1)), a_record("p", body)])

    # then
    assert (landed.events, landed.poison, list(landed.failed), len(s3.objects)) == (1, 1, [], 1)
    (entry,) = dead_letters.entries
    assert entry["MessageBody"] == body
    attributes = {name: value["StringValue"] for name, value in entry["MessageAttributes"].items()}
    assert attributes == {"reason": reason, "message_id": "p"}


def test_event_from_before_channels_lands_as_it_is(batcher, s3):
    # given a message from before the receiver recorded the channel
    old = json.dumps({name: value for name, value in json.loads(a_line(1)).items() if name != "channel"})

    # when
    landed = batcher.land([a_record("a", old)])

    # then
    assert (landed.events, landed.poison) == (1, 0)
    assert gzip.decompress(s3.objects[landed.key]["Body"]).decode() == f"{old}\n"


def test_only_poison_writes_no_object(batcher, s3, dead_letters):
    # when
    landed = batcher.land([a_record(f"p{number:02}", "poison") for number in range(25)])

    # then
    assert (landed.key, s3.objects, len(dead_letters.entries), list(landed.failed)) == (None, {}, 25, [])


def test_only_an_undeliverable_poison_message_is_retried(batcher, s3, dead_letters):
    # given
    dead_letters.refused = ("worse",)

    # when
    landed = batcher.land([a_record("a", a_line(1)), a_record("p", "bad"), a_record("q", "worse")])

    # then
    assert (list(landed.failed), len(s3.objects)) == (["q"], 1)


def test_without_dead_letters_all_poison_comes_again(batcher, s3, dead_letters):
    # given
    dead_letters.is_down = True

    # when
    landed = batcher.land([a_record("a", a_line(1)), a_record("p", "bad")])

    # then
    assert (list(landed.failed), len(s3.objects)) == (["p"], 1)


def test_unwritten_messages_are_kept_and_poison_moves_once(batcher, s3, dead_letters):
    # given
    s3.is_down = True

    # when
    with pytest.raises(ClientError):
        batcher.land([a_record("a", a_line(1)), a_record("p", "bad")])

    # then
    assert dead_letters.entries == []


def test_the_reason_against_a_line_holds_nothing_of_it():
    with pytest.raises(NotAnEventError) as refused:
        check_stored_event('{"secret": ')
    assert "secret" not in str(refused.value)
