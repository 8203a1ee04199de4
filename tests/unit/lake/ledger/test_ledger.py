"""The names of the ledger's items. The ledger's guarantees are tested on the emulator."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lake.ledger.items import MAXIMUM_SORT_KEY_BYTES, key_of, time_text
from lake.ledger.ledger import FileVersion, LedgerError, numbered

paths = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60)
versions = st.builds(
    FileVersion,
    dataset=st.just("parcels"),
    connection=st.sampled_from(["carrier", "partner"]),
    path=paths,
    size=st.integers(0, 2**50),
    modified=st.integers(0, 2**33),
)


@given(versions, versions)
def test_two_versions_have_one_item_only_if_they_are_the_same(first, second):
    assert (key_of(first) == key_of(second)) == (first == second)


def test_path_with_hash_signs_is_not_read_as_another_version():
    # given
    plain = FileVersion("parcels", "carrier", "a", 2, 1)
    hashes = FileVersion("parcels", "carrier", "a#000000000001", 2, 1)

    # then
    assert key_of(plain) != key_of(hashes)


def test_key_at_dynamodbs_limit_is_made_and_longer_is_refused():
    # given
    shortest = len(key_of(FileVersion("parcels", "carrier", "", 1, 1))["sk"])
    fitting = "x" * (MAXIMUM_SORT_KEY_BYTES - shortest)

    # then
    assert len(key_of(FileVersion("parcels", "carrier", fitting, 1, 1))["sk"]) == MAXIMUM_SORT_KEY_BYTES
    with pytest.raises(LedgerError, match="shorten it at its source"):
        key_of(FileVersion("parcels", "carrier", fitting + "x", 1, 1))


moments = st.datetimes(min_value=datetime(1990, 1, 1), timezones=st.sampled_from([UTC, timezone(timedelta(hours=-9))]))  # noqa: DTZ001  # hypothesis adds the zone


@given(moments, moments)
def test_times_compare_as_text_as_they_do_as_times(first, second):
    assert (time_text(first) < time_text(second)) == (first < second)
    assert datetime.fromisoformat(time_text(first)) == first


@pytest.mark.parametrize(
    ("name", "number", "expected"),
    [
        ("parcels.csv", 1, "parcels.csv"),
        ("parcels.csv", 2, "parcels.v2.csv"),
        ("parcels.tar.gz", 3, "parcels.tar.v3.gz"),
        ("parcels", 2, "parcels.v2"),
        (".csv", 2, ".csv.v2"),
    ],
)
def test_the_number_of_a_version_stands_before_the_extension(name, number, expected):
    assert numbered(name, number) == expected
