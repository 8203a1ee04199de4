"""Random histories with kills, lost answers and overlapping runs: the tables equal the view over history."""

from pathlib import Path

import pytest

from tests.support.published_histories import differences

_SEED = 20_261_129


_OF_EVERY_CHANGE = 2
"""Histories in `make test`; `make test-long` runs twenty."""


@pytest.mark.parametrize(
    "seed",
    [
        pytest.param(_SEED + number, marks=[pytest.mark.long] if number >= _OF_EVERY_CHANGE else [])
        for number in range(20)
    ],
)
def test_tables_equal_the_view_after_a_random_history(seed: int, tmp_path: Path):
    assert differences(seed, tmp_path) == []
