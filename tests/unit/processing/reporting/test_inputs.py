"""Reports read only what they need from the published tables."""

import narwhals as nw
import pytest

from datasets import DATASETS
from processing.publishing.reading import published_rows
from processing.publishing.table_files import table_files
from processing.reporting.inputs import Inputs
from processing.storage.columns import LANDED_ON
from processing.storage.memory_store import MemoryStore
from processing.storage.views import published_view
from reports import REPORTS
from tests.support.published import THINGS, land, things
from tests.support.published_lake import PublishedLake
from tests.support.reports import report_of, total

DAY = 24 * 60
"""Minutes."""


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


def test_rows_and_newest_landing_date_are_those_of_the_live_rows(tmp_path):
    # given rows that were replaced by files landed earlier, and rows that were deleted at the source
    store = MemoryStore()
    lake = PublishedLake(tmp_path, store)
    for day, rows, changed in (
        (0, things(*range(50)), {}),
        (3, things(*range(10)), {"as_of": 2}),
        (1, things(*range(10)), {"as_of": 9, "deleted": [0, 1, 2]}),
    ):
        land(store, THINGS, f"{day}", rows, landed=day * DAY, **changed)
        lake.merge(THINGS)
    view = published_view(store, THINGS).collect()
    assert any(file.deletes for file in table_files(lake.open_table(THINGS)))

    # when
    report = report_of("totals", total)
    [facts] = Inputs({}, {"things": THINGS}, lake.open_table).facts_of(report).values()

    # then
    assert (facts.rows, facts.newest) == (view.height, view[LANDED_ON].max())
    assert facts.rows == 47


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
