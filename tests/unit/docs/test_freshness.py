"""The page on freshness is what the model prints, and the model follows the settings."""

import pytest

from bench import freshness_model as model
from bench.freshness_model import Assumed, Windows
from dataplatform.processing.glue import MAXIMUM_CONCURRENT_RUNS
from dataplatform.settings.model import JobSettings


def test_page_has_the_tables_that_the_model_prints() -> None:
    page = model.PAGE.read_text()
    assert model.page(page, Assumed()) == page, "make bench NAME=freshness ARGS=--write"


def test_parts_at_default_settings_add_up_to_the_whole() -> None:
    least, most = model.bounds(model.DEFAULT, Assumed(start=60, notices=5, job=15))
    assert (least, most) == (80, 80 + model.DEFAULT.events + model.DEFAULT.jobs)


@pytest.mark.parametrize(("events", "jobs", "runs_an_hour"), [(60, 300, 12), (60, 30, 60), (5, 15, 240)])
def test_price_of_a_month_follows_the_longer_window(events: int, jobs: int, runs_an_hour: int) -> None:
    settings = JobSettings()
    price = model.dollars_of_a_month(Windows(events, jobs), Assumed(), settings)
    assert price == pytest.approx(model.HOURS * runs_an_hour * model.dollars_of_a_run(Assumed(), settings))


def test_run_is_billed_for_a_minute_at_least() -> None:
    short, minute, longer = (
        model.dollars_of_a_run(Assumed(job=seconds), JobSettings(number_of_workers=10)) for seconds in (1, 60, 120)
    )
    assert short == minute == longer / 2


def test_settings_of_the_page_keep_to_the_limit_of_runs_at_once() -> None:
    for windows in (model.DEFAULT, *model.OTHERS):
        assert model.runs_at_once(windows, Assumed()) <= MAXIMUM_CONCURRENT_RUNS


def test_measured_rounds_become_a_table_with_their_medians() -> None:
    table = model.seconds_table([{"queue": 60.0, "merge": 3.0}, {"queue": 61.0, "merge": 5.0}])
    assert "| queue | 60.0 s | 61.0 s | 60.5 s |" in table
    assert "| merge | 3.0 s | 5.0 s | 4.0 s |" in table
