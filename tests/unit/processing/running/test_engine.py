"""Which engine does a piece of work, and the reason that the log shows."""

import argparse

import pytest

from processing.running.engine import REPORTS, Chosen, Engine, add_engine, choose

GIGABYTE = 1_000_000_000


def available() -> bool:
    return True


def missing() -> bool:
    return False


def unasked() -> bool:
    pytest.fail("it was asked whether Spark is available")


def test_spark_takes_what_is_above_the_limit():
    assert choose(23 * GIGABYTE, 20 * GIGABYTE, available) == Chosen(
        Engine.SPARK, "23 GB is more than sparkMergeAboveGigabytes 20"
    )


@pytest.mark.parametrize(
    ("size", "limit", "reason"),
    [
        (20 * GIGABYTE, 20 * GIGABYTE, "20 GB is not more than sparkMergeAboveGigabytes 20"),
        (1_500_000, 20 * GIGABYTE, "1.5 MB is not more than sparkMergeAboveGigabytes 20"),
        (12_345, 20 * GIGABYTE, "12.3 kB is not more than sparkMergeAboveGigabytes 20"),
        (0, 1_000, "0 bytes is not more than sparkMergeAboveGigabytes 1e-06"),
        (23 * GIGABYTE, None, "sparkMergeAboveGigabytes is not set"),
    ],
)
def test_polars_takes_what_is_not_above_the_limit(size, limit, reason):
    assert choose(size, limit, unasked) == Chosen(Engine.POLARS, reason)


def test_reason_names_the_setting_that_the_limit_is_of():
    assert choose(1, 2, unasked, REPORTS).reason.endswith(" sparkReportAboveGigabytes 2e-09")


def test_polars_takes_everything_where_there_is_no_spark():
    assert choose(23 * GIGABYTE, 20 * GIGABYTE, missing) == Chosen(
        Engine.POLARS, "23 GB is more than sparkMergeAboveGigabytes 20, but Spark is not available here"
    )


@pytest.mark.parametrize(("arguments", "limit"), [([], None), (["--spark-above-bytes", "5"], 5)])
def test_a_job_without_the_argument_never_takes_spark(arguments, limit):
    parser = argparse.ArgumentParser()
    add_engine(parser)

    assert parser.parse_args(arguments).spark_above_bytes == limit
