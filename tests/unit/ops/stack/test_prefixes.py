"""Ids and keys are accepted whole, or by the beginning that only one of them has."""

import pytest

from lake.keys import parse_inbound_key
from ops.stack.errors import InvalidInputError
from ops.stack.prefixes import check_inbound_key, check_is_of, inbound_key, the_one
from ops.trace.whole_keys import lake_key
from tests.support.indexed_objects import count_requests
from tests.support.stack_in_process import new_stack, recorder_on

KEYS = [
    "inbound/parcels/2026/11/22/a.csv",
    "inbound/parcels/2026/11/22/a.csv.gz",
    "inbound/parcels/2026/11/23/B.csv",
]


@pytest.fixture(scope="module")
def lake():
    """A stack whose lake and index have KEYS."""
    stack = new_stack()
    for key in KEYS:
        stack.client("s3").put_object(Bucket=stack.bucket, Key=key, Body=b"a\n1\n")
    recorder_on(stack, stack.client("s3")).record(map(parse_inbound_key, KEYS))
    return stack


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("inbound/parcels/2026/11/23/", KEYS[2]),
        ("inbound/parcels/2026/11/22/a.csv.", KEYS[1]),
        # A whole key is that object, whatever begins with it.
        (KEYS[0], KEYS[0]),
        # Upper and lower case are different letters.
        ("inbound/parcels/2026/11/23/b", "inbound/parcels/2026/11/23/b"),
    ],
)
def test_key_is_found_by_its_beginning(lake, given, found):
    assert inbound_key(lake, given) == found


def test_beginning_of_several_keys_is_refused_with_their_list(lake):
    with pytest.raises(InvalidInputError) as refused:
        inbound_key(lake, "inbound/parcels/2026/11/22/")
    assert str(refused.value).splitlines()[1:] == [f"  {KEYS[0]}", f"  {KEYS[1]}"]


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("a.csv", "is not the key of an inbound object"),
        ("warehouse/parcels/a", "is not the key of an inbound object"),
        ("inbound/nope/2026", "unknown dataset 'nope'"),
        ("inbound/parcels/2026/13/01/a.csv", "does not have a valid date"),
        ("inbound/parcels/2026/1/1/a.csv", "is not of the form inbound/"),
        ("inbound/par", "does not name a landing day"),
        ("inbound/parcels/2026/11/2", "does not name a landing day"),
    ],
)
def test_text_that_is_not_a_key_is_refused_without_a_request(lake, given, why):
    with pytest.raises(InvalidInputError, match=why), count_requests(lake) as (counting, counted):
        inbound_key(counting, given)
    assert counted.total() == 0


def test_key_that_the_index_missed_is_found_whole(lake):
    # given an object of which the index knows only one with a longer key
    lake.client("s3").put_object(Bucket=lake.bucket, Key="inbound/parcels/2026/11/23/B.cs", Body=b"")

    # then
    assert inbound_key(lake, "inbound/parcels/2026/11/23/B.cs") == "inbound/parcels/2026/11/23/B.cs"


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("warehouse/parcels/landing_date=2026-11-23/", KEYS[2]),
        ("quarantine/parcels/landing_date=2026-11-22/a.csv.parquet", KEYS[0]),
        ("mart/nobody/", "mart/nobody/"),
        ("a.csv", "a.csv"),
    ],
)
def test_traced_key_is_found_by_its_beginning(lake, given, found):
    assert lake_key(lake, given) == found


@pytest.mark.parametrize("given", ["inbound/parcels/2026/11/22/", "inbound/parcels/2026/11/22/a", *KEYS])
def test_beginnings_of_a_key_are_accepted(given):
    check_inbound_key(given)


def test_key_of_another_dataset_is_refused():
    check_is_of(KEYS[0], "parcels")
    with pytest.raises(InvalidInputError, match="is not an object of members"):
        check_is_of(KEYS[0], "members")


def test_more_candidates_than_fit_are_cut():
    with pytest.raises(InvalidInputError) as refused:
        the_one("id-", [f"id-{number:02}" for number in range(40)], "messages")
    assert str(refused.value).endswith("  id-09\n  and more")
