"""The pages on published tables agree with the program."""

from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from annotated_types import Le

from dataplatform.processing import published_tables
from dataplatform.settings.model import JobSettings
from dataplatform.storage.lifecycle import TABLES_NONCURRENT_DAYS
from processing.declaring.retention import TIME_TRAVEL
from processing.publishing.maintenance import MINIMUM_AGE
from processing.publishing.snapshots import RECENT
from processing.publishing.stored_types import rest_column, stored_columns

DOCS = Path(__file__).resolve().parents[3] / "docs"
PAGE = " ".join((DOCS / "published-tables.md").read_text().split())


NAMES = {"MON": "Monday", "WED": "Wednesday", "FRI": "Friday"}


def words_of(cron: str) -> str:
    """Return in words when a schedule of AWS starts something."""
    minutes, hours, _, _, days, _ = cron.removeprefix("cron(").removesuffix(")").split()
    *most, last = (NAMES[day] for day in days.split(",")) if days != "?" else [""]
    return f"{int(hours):02}:{int(minutes):02} UTC" + (f" on {', '.join(most)} and {last}" if last else "")


def test_snapshots_that_are_kept_are_those_of_the_page() -> None:
    assert f"its last {RECENT} snapshots, and the last snapshot of each day (UTC) for {TIME_TRAVEL} days" in PAGE


def test_files_are_deleted_after_the_days_of_the_page() -> None:
    assert (timedelta(days=3), 1) == (MINIMUM_AGE, TABLES_NONCURRENT_DAYS)
    assert "that are more than three days old" in PAGE
    assert "for one more day" in PAGE


def test_jobs_of_the_night_start_when_the_page_says() -> None:
    jobs = " ".join((DOCS / "components/transform-jobs.md").read_text().split())
    assert f"at {words_of(published_tables.COMPARED_AT)} `warehouse`" in jobs
    assert f"at {words_of(published_tables.MAINTAINED_AT)} `maintenance`" in jobs


@pytest.mark.parametrize(
    ("declared", "stored"),
    [
        (pl.Int8(), pl.Int32()),
        (pl.UInt16(), pl.Int32()),
        (pl.UInt32(), pl.Int64()),
        (pl.Int64(), pl.Int64()),
        (pl.Date(), pl.Date()),
        (pl.Decimal(18, 2), pl.Decimal(18, 2)),
    ],
)
def test_types_are_stored_as_the_page_says(declared: pl.DataType, stored: pl.DataType) -> None:
    assert stored_columns({"a": declared}) == {"a": stored}


def test_nanoseconds_are_stored_in_a_column_of_the_pages_name() -> None:
    assert list(stored_columns({"at": pl.Datetime("ns")})) == ["at", rest_column("at")]
    assert f"`{rest_column('{column}')}`" in PAGE


def test_files_of_the_longest_run_are_younger_than_deleted_ones() -> None:
    limits = JobSettings.model_fields["timeout_minutes"].metadata
    longest = max(timedelta(minutes=limit.le) for limit in limits if isinstance(limit, Le))
    assert longest < MINIMUM_AGE
