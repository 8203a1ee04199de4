"""The sample's reports give the same files on Spark as on polars, byte for byte."""

from datasets import DATASETS
from jobs.warehouse.job import refine
from reports import REPORTS
from tests.sample.test_reports_independently import raw  # noqa: F401  # a fixture
from tests.support.reports_on_both import assert_equal_by_both, emulated_lake, merge_all  # noqa: F401  # a fixture
from tests.support.spark import ON_SPARK, jvm_of_its_own  # noqa: F401  # a fixture

pytestmark = ON_SPARK


def test_each_report_has_the_same_bytes_on_spark(emulated_lake, raw, capsys):  # noqa: ARG001, F811  # fixtures
    # given generated files with refused and duplicate rows
    store, _ = raw
    refine(store, DATASETS, "run")
    merge_all(store, DATASETS)

    # when, then
    assert_equal_by_both(store, DATASETS, REPORTS, capsys)
