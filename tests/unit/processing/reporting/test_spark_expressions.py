"""The tests' reports use nothing that narwhals lacks on Spark."""

import pytest

from reports import REPORTS
from tests.support.spark_expressions import called_by, missing_on_spark


def test_what_narwhals_lacks_on_spark_is_known():
    assert {"join_asof", "timestamp", "ewm_mean"} <= missing_on_spark()
    assert missing_on_spark().isdisjoint({"group_by", "agg", "join", "len", "n_unique", "sum", "sort", "filter"})


@pytest.mark.parametrize("name", REPORTS)
def test_report_calls_nothing_that_spark_lacks(name):
    assert {"group_by", "agg"} <= called_by(REPORTS[name])
    assert called_by(REPORTS[name]).isdisjoint(missing_on_spark())
