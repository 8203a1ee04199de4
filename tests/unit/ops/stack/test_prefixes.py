"""Ids and keys are accepted whole, or by the beginning that only one of them has."""

from types import SimpleNamespace

import pytest

from ops.stack.errors import InvalidInputError
from ops.stack.prefixes import check_inbound_key, check_is_of, inbound_key, the_one

KEYS = [
    "inbound/parcels/2026/11/22/a.csv",
    "inbound/parcels/2026/11/22/a.csv.gz",
    "inbound/parcels/2026/11/23/B.csv",
]


@pytest.fixture
def lake():
    """A stack whose bucket has KEYS, and the requests that it gets."""
    requests = []

    def list_objects_v2(*, Prefix, MaxKeys, **_):  # noqa: N803 - boto3's names
        requests.append(Prefix)
        return {"Contents": [{"Key": key} for key in KEYS if key.startswith(Prefix)][:MaxKeys]}

    s3 = SimpleNamespace(list_objects_v2=list_objects_v2)
    return SimpleNamespace(bucket="lake", client=lambda _: s3, requests=requests)


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
        ("inbound/parcels/2026/13/01/a.csv", "has no valid date"),
        ("inbound/parcels/2026/1/1/a.csv", "is not of the form inbound/"),
    ],
)
def test_text_that_is_not_a_key_is_refused_without_a_request(lake, given, why):
    with pytest.raises(InvalidInputError, match=why):
        inbound_key(lake, given)
    assert lake.requests == []


@pytest.mark.parametrize("given", ["inbound/", "inbound/par", "inbound/parcels/", "inbound/parcels/2026/1", *KEYS])
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
