"""Missing and distinct values of columns, however the rows are divided into batches."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lake.warehouse_metadata import ColumnFacts
from processing.checking import column_facts
from processing.checking.column_facts import KEPT, FactsOfColumns

VALUES = st.lists(st.none() | st.integers(-20, 20), max_size=60)


def facts_of(frames, columns=("a",)):
    facts = FactsOfColumns(columns)
    assert [*facts.counted(frames)] == frames
    return facts.facts()


@settings(max_examples=25, deadline=None)
@given(batches=st.lists(VALUES, max_size=4))
def test_few_different_values_are_counted_exactly(batches):
    # when
    facts = facts_of([pl.DataFrame({"a": pl.Series(batch, dtype=pl.Int64)}) for batch in batches])

    # then
    values = [value for batch in batches for value in batch]
    assert facts["a"] == ColumnFacts(values.count(None), len({*values} - {None}))


@pytest.mark.parametrize("dtype", [pl.Int64, pl.String])
@pytest.mark.parametrize("different", [KEPT - 1, KEPT, 20_000, 300_000])
def test_many_different_values_are_estimated_within_a_tenth(dtype, different):
    # given each value twice, in different batches
    values = pl.Series(range(different)).cast(dtype)
    frames = [pl.DataFrame({"a": each}) for each in (values.head(different // 3), values, values.tail(different // 3))]

    # then three standard errors are a tenth
    assert facts_of(frames)["a"].distinct == pytest.approx(different, rel=0.1)


def test_different_values_after_the_first_rows_are_not_looked_at(monkeypatch):
    # given a limit in the middle of a batch
    monkeypatch.setattr(column_facts, "DISTINCT_ROWS", 3)
    frames = [pl.DataFrame({"a": [1, 1]}), pl.DataFrame({"a": [2, 3]}), pl.DataFrame({"a": [4, None]})]

    # then missing values are counted in all rows
    assert facts_of(frames)["a"] == ColumnFacts(nulls=1, distinct=2)


def test_batches_without_a_column_count_it_as_missing():
    facts = facts_of([pl.DataFrame({"b": [1, 2]}), pl.DataFrame({"a": [1, None]})])
    assert facts == {"a": ColumnFacts(3, 1)}


@pytest.mark.parametrize(
    "values",
    [pl.Series([True, False, True]), pl.Series([1.5, 2.5, 1.5]), pl.Series(["2026-01-01", "2026-01-02", "2026-01-01"])],
)
def test_values_of_other_types_are_counted(values):
    assert facts_of([pl.DataFrame({"a": values})])["a"].distinct == 2
