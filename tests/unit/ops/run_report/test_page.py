"""The page of a run: what it says, that it escapes what came from outside, and that it asks nobody for anything."""

import html
import re
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from ops.quarantine.rows import RefusedRule
from ops.run_report.facts import DatasetFacts, ReportFacts, RowCounts
from ops.run_report.page import duration_in_words, render_page, size_in_words
from reports import REPORTS

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
COUNTS = REPORTS["members_by_parcel_count"]
TOWNS = REPORTS["members_by_town_and_size"]


def facts(**changes):
    given = {
        "name": "parcels",
        "source": "SFTP carrier: outgoing/parcels/*.csv",
        "landed": 2,
        "bytes": 2048,
        "last_landed": NOW - timedelta(hours=3),
        "waiting": 0,
        "last_run": RowCounts(1, 100, 90, 8, 2),
        "total": RowCounts(2, 1100, 1000, 80, 20),
        "refused": [
            RefusedRule("town|type", 8, "town is no text", "1,<script>alert(1)</script>", 7, "inbound/v/a.csv")
        ],
        "freshness": timedelta(hours=26),
        "age": timedelta(hours=3),
        "places": {name: f"s3://lake/{name}/parcels/" for name in ("inbound", "warehouse", "quarantine")},
    }
    return DatasetFacts(**(given | changes))


def report(rows, declaration=COUNTS):
    return ReportFacts(declaration, rows, "run-1", {"parcels": 1000}, "s3://lake/mart/accounts/reports/x.parquet")


def text_of(page):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def test_the_page_says_the_counts_of_the_last_run_and_of_all():
    page = text_of(render_page("dev", [facts()], [], NOW))
    assert "inbound 100 (1,100 rows)" in page
    assert "warehouse 90 (1,000)" in page
    assert "quarantine 8 (80)" in page
    assert "duplicates, dropped 2 (20)" in page
    assert "Every row is accounted for." in page


def test_each_number_says_where_its_rows_are():
    page = render_page("dev", [facts()], [report(pl.DataFrame({"parcel_count": [1], "members": [3]}))], NOW)
    for place in ("inbound", "warehouse", "quarantine"):
        assert f"s3://lake/{place}/parcels/" in page
    assert "s3://lake/mart/accounts/reports/x.parquet" in page
    assert "inbound/v/a.csv, line 7" in page


def test_rows_that_do_not_add_up_are_said_loudly():
    page = text_of(render_page("dev", [facts(total=RowCounts(1, 10, 9, 0, 0))], [], NOW))
    assert "The number of rows in does not match the number of rows out" in page


@pytest.mark.parametrize(
    ("age", "last", "state"),
    [(timedelta(hours=3), "2026-11-23 06:00", "fresh"), (timedelta(hours=27), "2026-11-22 06:00", "late")],
)
def test_freshness_is_judged_by_the_declaration(age, last, state):
    page = text_of(render_page("dev", [facts(age=age, last_landed=NOW - age)], [], NOW))
    assert f"parcels {last} {duration_in_words(age)} 1 d 2 h {state}" in page


def test_a_dataset_of_which_nothing_ever_landed_is_late():
    page = text_of(render_page("dev", [facts(age=None, last_landed=None)], [], NOW))
    assert "parcels never 1 d 2 h late" in page


def test_what_came_from_outside_is_shown_and_not_run():
    page = render_page("dev", [facts()], [], NOW)
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_the_page_asks_nobody_for_anything():
    page = render_page("dev", [facts()], [report(None)], NOW)
    assert "default-src 'none'" in page
    assert re.findall(r"src=|href=(?!\"#)|url\(|@import|https?://", page) == []


def test_the_flow_goes_on_to_the_view_and_the_reports_that_read_it():
    page = text_of(render_page("dev", [facts()], [report(pl.DataFrame({"parcel_count": [1], "members": [3]}))], NOW))
    assert "published table 1,000 members_by_parcel_count : 1,000 rows" in page


def test_a_chart_that_cannot_be_drawn_says_why_and_the_others_are_drawn():
    # given rows of which two have the report's key
    rows = pl.DataFrame({"parcel_count": [1, 1], "members": [3, 4]})
    sound = pl.DataFrame({"town": ["LEEDS"], "size": ["Small"], "members": [1], "parcels": [1]})

    # when
    page = render_page("dev", [], [report(rows), report(sound, TOWNS)], NOW)

    # then
    assert "The chart cannot be shown: several rows have the same key (parcel_count)" in html.unescape(text_of(page))
    assert 'title="LEEDS, Small: 1"' in page


def test_a_report_that_was_never_computed_says_so():
    page = text_of(render_page("dev", [], [report(None)], NOW))
    assert "Not computed yet." in page


@pytest.mark.parametrize(("size", "words"), [(0, "0 bytes"), (1536, "1.5 KiB"), (3 * 1024**3, "3.0 GiB")])
def test_a_size_is_said_in_the_unit_that_leaves_few_digits(size, words):
    assert size_in_words(size) == words
