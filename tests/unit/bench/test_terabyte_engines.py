"""The model of merges and reports by both engines on Glue."""

import pytest

from bench.spread_figures import MERGE, POLARS, REPORT, SPARK, Measured
from bench.terabyte_engines import MOST_WORKERS, Model, Run, Work, work_of

SIZES = ((1_000_000, 10_000), (5_000_000, 500_000), (20_000_000, 200_000))


def figures(step: str, engine: str, seconds: float, megabytes: float) -> list[Measured]:
    """Of an engine that takes so many CPU seconds and megabytes for a million rows of the table, and 1 more."""
    return [
        Measured(
            step,
            engine,
            rows,
            changed,
            rows * 10,
            start=0 if engine == POLARS else 10,
            seconds=1 + seconds * rows / 1e6,
            processor_seconds=1 + seconds * rows / 1e6,
            megabytes=1 + megabytes * rows / 1e6,
        )
        for rows, changed in SIZES
    ]


@pytest.fixture
def model() -> Model:
    """Of a Spark that takes twice the CPU seconds of polars."""
    return Model(
        [
            each
            for step in (MERGE, REPORT)
            for engine, seconds in ((POLARS, 1.0), (SPARK, 2.0))
            for each in figures(step, engine, seconds, 100)
        ]
    )


def test_run_of_some_seconds_is_billed_for_a_minute():
    assert Run(5, 2).dollars == Run(60, 2).dollars == pytest.approx(2 * 0.44 / 60)


def test_spark_is_not_cheaper_where_both_end_within_a_minute(model):
    rows = model.cheaper_from(REPORT)

    assert rows > 1_000_000
    assert model.by_polars(Work(REPORT, rows)).seconds > 60


def test_spark_is_cheaper_from_the_point_that_is_printed(model):
    rows = model.cheaper_from(REPORT)

    assert model.cheapest_spark(Work(REPORT, rows)).dollars < model.by_polars(Work(REPORT, rows)).dollars
    assert model.cheapest_spark(Work(REPORT, rows / 2)).dollars >= model.by_polars(Work(REPORT, rows / 2)).dollars


def test_more_workers_make_spark_faster(model):
    work = work_of(MERGE, 10**9)
    assert model.by_spark(work, MOST_WORKERS).seconds < model.by_spark(work, 2).seconds


def test_polars_reads_the_table_once_for_each_batch_of_a_merge(model):
    one, three = (model.by_polars(Work(MERGE, 10**9, changed)).seconds for changed in (500_000, 1_500_000))
    assert three == pytest.approx(3 * one)


def test_table_that_does_not_fit_into_a_worker_needs_spark(model):
    rows = model.only_from(REPORT)

    assert not model.held(Work(REPORT, rows))
    assert model.held(Work(REPORT, rows * 0.9))
