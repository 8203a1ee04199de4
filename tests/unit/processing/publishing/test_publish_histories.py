"""Random histories of runs that publish by the object index: the tables equal the view over history."""

from pathlib import Path

import pytest

from tests.support.published_by_index import IndexedHistory

_SEED = 20_261_130


@pytest.mark.parametrize(
    "seed",
    [pytest.param(_SEED + number, marks=[pytest.mark.long] if number >= 1 else []) for number in range(20)],
)
def test_runs_by_the_index_leave_the_view_after_a_history(seed: int, tmp_path: Path):
    history = IndexedHistory(seed, tmp_path)
    assert history.run() == [], history.log
