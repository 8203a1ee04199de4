"""What fits into a warehouse file's metadata, and reads back."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lake.warehouse_metadata import (
    METADATA_BYTES,
    ColumnFacts,
    UnreadableMetadataError,
    WarehouseMetadata,
    read_warehouse_metadata,
)

ROWS = {"rows_in": 10, "rows_warehouse": 7, "rows_quarantined": 2, "rows_duplicate": 1}
COUNTS = st.integers(0, 2**40)
NAMES = st.text(min_size=1, max_size=40)


def size(metadata):
    return sum(len(name.encode()) + len(value.encode()) for name, value in metadata.items())


@settings(max_examples=25, deadline=None)
@given(
    by_rule=st.dictionaries(NAMES, COUNTS, max_size=60),
    columns=st.dictionaries(NAMES, st.builds(ColumnFacts, COUNTS, COUNTS), max_size=200),
)
def test_metadata_fit_and_read_back_and_count_what_is_left_out(by_rule, columns):
    # given
    whole = WarehouseMetadata(run="run-1", **ROWS, by_rule=by_rule, columns=columns)

    # when
    encoded = whole.encoded()
    read = read_warehouse_metadata(encoded)

    # then
    assert size(encoded) <= METADATA_BYTES
    assert all(value.isascii() for value in encoded.values())
    assert (read.run, read.rows_in, read.rows_quarantined) == ("run-1", 10, 2)
    assert [*read.columns.items()] == [*columns.items()][: len(columns) - read.columns_left_out]
    assert read.by_rule.items() <= by_rule.items()
    assert len(read.by_rule) + read.rules_left_out == len(by_rule)
    assert not read.rules_left_out or not read.columns


def test_facts_of_eighty_columns_and_the_rules_they_break_fit():
    # given names as declarations have them
    columns = {f"customer_attribute_{number}": ColumnFacts(number * 37, number * 9_173) for number in range(80)}
    rules = {f"customer_attribute_{number}|nullability": number * 7 for number in range(10)}

    # when
    run = "jr_" + "0123456789abcdef" * 4
    read = read_warehouse_metadata(WarehouseMetadata(run=run, **ROWS, by_rule=rules, columns=columns).encoded())

    # then
    assert (read.columns_left_out, read.rules_left_out) == (0, 0)


def test_metadata_of_an_earlier_version_have_no_facts():
    metadata = {"rows-in": "3", "rows-warehouse": "3", "rows-quarantined": "0", "rows-duplicate": "0", "run": "r"}
    read = read_warehouse_metadata(metadata)
    assert (read.rows_in, read.by_rule, read.columns) == (3, {}, {})


@pytest.mark.parametrize("metadata", [{}, {"rows-in": "3"}, {"facts": "!"}])
def test_metadata_that_the_job_did_not_write_are_refused(metadata):
    with pytest.raises(UnreadableMetadataError, match="were not written"):
        read_warehouse_metadata(metadata)


def test_damaged_facts_are_refused():
    encoded = WarehouseMetadata(run="r", **ROWS).encoded()
    with pytest.raises(UnreadableMetadataError, match="were not written"):
        read_warehouse_metadata(encoded | {"facts": "e30="})
