"""Reports read of the published tables what they need."""

import narwhals as nw
import pytest

from datasets import DATASETS
from processing.publishing.reading import published_rows
from processing.storage.memory_store import MemoryStore
from reports import REPORTS
from tests.support.published import THINGS, land, things
from tests.support.published_lake import PublishedLake
from tests.support.reports import total


def test_a_query_reads_the_columns_that_it_names(tmp_path):
    # given
    store = MemoryStore()
    lake = PublishedLake(tmp_path, store)
    land(store, THINGS, "a", things(1, 2))
    lake.merge(THINGS)

    # when
    rows = nw.from_native(published_rows(lake.open_table(THINGS), THINGS))
    plan = total({"things": rows}).to_native().explain()

    # then
    assert "PROJECT 2/9 COLUMNS" in plan


@pytest.mark.parametrize("name", REPORTS)
def test_a_declared_report_does_not_read_whole_rows(tmp_path, name):
    # given
    lake = PublishedLake(tmp_path, MemoryStore())
    inputs = {}
    for dataset in (DATASETS[each] for each in REPORTS[name].inputs):
        tables = lake.of(dataset)
        inputs[dataset.name] = nw.from_native(published_rows(tables.load(tables.live), dataset))

    # then
    plan = REPORTS[name].query(inputs).to_native().explain()
    assert plan.count("SCAN") == len(inputs)
    assert "PROJECT */" not in plan
