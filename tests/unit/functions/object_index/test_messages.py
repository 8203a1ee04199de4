"""The objects that a batch of messages names."""

import json

import pytest

from functions.object_index.messages import read_messages
from lake.keys import parse_inbound_key

INBOUND = "inbound/parcels/2026/11/23/v.csv"
WAREHOUSE = "warehouse/parcels/landing_date=2026-11-23/v.csv.parquet"


def records(*keys):
    return [
        {"messageId": str(number), "body": json.dumps({"detail": {"object": {"key": key}}})}
        for number, key in enumerate(keys)
    ]


def test_messages_about_one_object_name_it_once():
    # when
    messages = read_messages(records(INBOUND, WAREHOUSE, INBOUND))

    # then
    assert messages.objects == [parse_inbound_key(INBOUND)]
    assert [*messages.naming({INBOUND})] == ["0", "1", "2"]
    assert [*messages.naming(set())] == []


@pytest.mark.parametrize("key", ["inbound/readme.txt", "mart/accounts/reports/a/csv/a.csv", "warehouse/parcels/a"])
def test_key_that_the_lake_does_not_have_is_left_alone(key):
    messages = read_messages(records(key))
    assert (messages.objects, messages.left_alone, messages.unreadable) == ([], 1, {})


@pytest.mark.parametrize("body", ["", "{", "[]", "{}", '{"detail": {"object": {"key": 1}}}', "[" * 100_000])
def test_message_that_is_not_an_event_stops_no_other(body):
    # when
    messages = read_messages([{"messageId": "odd", "body": body}, *records(INBOUND)])

    # then
    assert [*messages.unreadable] == ["odd"]
    assert len(messages.objects) == 1
