"""Object keys are built and parsed in one module, and never contain unsafe text."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lake.keys import (
    MAXIMUM_FILE_NAME_BYTES,
    InboundObject,
    InvalidKeyError,
    check_file_name,
    check_name,
    inbound_object,
    parse_inbound_key,
    report_key,
    reports_prefix,
)

DAY = date(2026, 11, 2)


def test_the_keys_of_one_file_are_named_after_it():
    # when
    file = inbound_object("parcels", DAY, "Pakete 1.csv")

    # then
    assert file.key == "inbound/parcels/2026/11/02/Pakete 1.csv"
    assert file.warehouse_key == "warehouse/parcels/landing_date=2026-11-02/Pakete 1.csv.parquet"
    assert file.quarantine_key == "quarantine/parcels/landing_date=2026-11-02/Pakete 1.csv.parquet"


def test_files_that_differ_in_their_extension_only_do_not_meet():
    assert inbound_object("d", DAY, "a.csv").warehouse_key != inbound_object("d", DAY, "a.txt").warehouse_key


def test_a_report_has_a_key_per_format_under_its_teams_prefix():
    assert report_key("logistics", "models", "csv") == "mart/logistics/reports/models/csv/models.csv"
    assert report_key("logistics", "models", "csv").startswith(reports_prefix("logistics"))


@given(
    dataset=st.from_regex(r"[a-z][a-z0-9_]{0,62}", fullmatch=True),
    day=st.dates(min_value=date(1000, 1, 1)),
    name=st.text(min_size=1, max_size=175),
)
def test_every_possible_key_parses_back_and_is_short_enough(dataset, day, name):
    # given
    try:
        file = inbound_object(dataset, day, name)
    except InvalidKeyError:
        return

    # then
    assert parse_inbound_key(file.key) == file == InboundObject(dataset, day, name)
    for key in (file.key, file.warehouse_key, file.quarantine_key):
        assert len(key.encode()) <= 1024
        assert ".." not in key.split("/")


@pytest.mark.parametrize(
    "key",
    [
        "inbound/parcels/2026/13/02/a.csv",
        "inbound/parcels/2026/11/2/a.csv",
        "inbound/parcels/2026/11/02/",
        "inbound/parcels/2026/11/02/x/a.csv",
        "inbound/parcels/2026/11/02/..",
        "inbound/Parcels/2026/11/02/a.csv",
        "warehouse/parcels/2026/11/02/a.csv",
        "/inbound/parcels/2026/11/02/a.csv",
        "",
    ],
)
def test_a_key_of_another_form_is_not_read(key):
    with pytest.raises(InvalidKeyError):
        parse_inbound_key(key)


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../x.csv", "a/b", "a\\b", "a\nb", "a\x00", "a\x7f", "\u202ecsv.exe", "caf\udce9.csv"]
)
def test_a_file_name_that_is_unsafe_is_refused_with_what_to_do(name):
    with pytest.raises(InvalidKeyError, match="rename the file at its source"):
        check_file_name(name)


@pytest.mark.parametrize("name", ["a b.csv", "käufe.csv", "車両.csv", "..a", "a..csv", "#%+&=?.csv", "🚗.csv"])
def test_file_name_with_blanks_unicode_or_signs_is_collected(name):
    assert check_file_name(name) == name


def test_a_file_name_is_limited_in_bytes_not_characters():
    # given
    longest = "é" * (MAXIMUM_FILE_NAME_BYTES // 2)

    # then
    assert check_file_name(longest) == longest
    with pytest.raises(InvalidKeyError, match="longer than 700 bytes"):
        check_file_name(longest + "é")


@pytest.mark.parametrize("name", ["", "Parcels", "1a", "_a", "a-b", "a.b", "a/b", "a" * 64, "ä", "a\n"])
def test_a_name_of_a_dataset_that_is_not_plain_is_refused(name):
    with pytest.raises(InvalidKeyError, match="use lower case letters"):
        check_name(name)


def test_refused_name_is_not_reported_as_an_unfitting_kind():
    # then the pattern fits a connection as well as a dataset
    with pytest.raises(InvalidKeyError) as refusal:
        check_name("Carrier")
    assert not [kind for kind in ("dataset", "team", "report") if kind in str(refusal.value)]
