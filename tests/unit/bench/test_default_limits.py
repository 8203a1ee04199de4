"""The settings from which size on Spark does the work, and what was measured of polars."""

import pytest

from bench.spread_figures import MERGE, REPORT
from bench.terabyte_engines import Model, Work
from dataplatform.settings.model import JobSettings
from processing.publishing.history import ROWS_AT_ONCE


@pytest.mark.parametrize(
    ("step", "gigabytes", "changed"),
    [
        (REPORT, JobSettings().spark_report_above_gigabytes, 0),
        (MERGE, JobSettings().spark_merge_above_gigabytes, ROWS_AT_ONCE),
    ],
)
def test_what_polars_does_by_default_fits_into_one_worker(step, gigabytes, changed):
    # given the largest table that the default leaves to polars
    model = Model()
    rows = gigabytes * 10**9 / model.bytes_read(step)

    # then
    assert model.held(Work(step, rows, changed)), (
        f"polars would hold {model.gigabytes(Work(step, rows, changed)):.1f} GB"
    )
