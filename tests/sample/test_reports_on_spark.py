"""The queries of the sample's reports give the same rows on Spark as on polars."""

import narwhals as nw
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from datasets import DATASETS
from jobs.warehouse.job import refine
from processing.reporting.computing import compute
from processing.storage.views import published_view
from reports import REPORTS
from tests.sample.test_reports_independently import raw  # noqa: F401  # a fixture
from tests.support.spark import ON_SPARK, spark_session  # noqa: F401  # a fixture

pytestmark = ON_SPARK


@pytest.fixture(scope="module")
def views(raw):  # noqa: F811  # the fixture
    """The published views of all datasets, from generated files with refused and duplicate rows."""
    store, _ = raw
    refine(store, DATASETS, "run")
    return {name: published_view(store, dataset).collect() for name, dataset in DATASETS.items()}


@pytest.mark.parametrize("name", REPORTS)
def test_a_reports_query_gives_the_same_rows_on_spark(name, spark_session, views, tmp_path):  # noqa: F811  # the fixture
    # given its inputs as Spark reads them
    inputs = {}
    for dataset in REPORTS[name].inputs:
        file = tmp_path / f"{dataset}.parquet"
        # Spark has no nanoseconds.
        views[dataset].with_columns(pl.selectors.datetime("ns").cast(pl.Datetime("us"))).write_parquet(file)
        inputs[dataset] = nw.from_native(spark_session.read.parquet(str(file)))

    # when
    rows = REPORTS[name].query(inputs).to_native().collect()

    # then they are those of polars, in the same order
    expected = compute(REPORTS[name], views)
    found = pl.DataFrame([tuple(row) for row in rows], schema=expected.schema, orient="row")
    assert expected.height > 1
    assert_frame_equal(found, expected)
