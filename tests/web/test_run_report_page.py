"""The page of a run in a browser: bars and lines are as long as their values, and nothing overflows."""

import shutil
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from playwright.sync_api import expect, sync_playwright

from ops.run_report.facts import ReportFacts
from ops.run_report.page import render_page
from processing.declaring.chart import Chart, Measure, Nominal, Series, Time
from processing.declaring.report import Report
from tests.support.browser import CHROMIUM_FLAGS

pytestmark = pytest.mark.long

NAMES = [f"{'a very long name of a model ' * 8}{number}" for number in range(1000)]
VALUES = [(number * 7919) % 1000 - 100 for number in range(1000)]
DAYS = [date(2026, 1, 1) + timedelta(days=number) for number in (0, 1, 2, 4, 5, 6)]
AMOUNTS = [3.0, 9.0, 4.5, -6.0, 0.0, 1.0]
MODELS = Chart("bars", Nominal(("model",)), Measure("n", "maximum", "GBP"), most=12)
PER_DAY = Chart("line", Time("day", "day", missing="gap"), Measure("n", "average", "kg"))
SIZES = Chart("stacked_bars", Nominal(("town",)), Measure("n", "count", "parcels"), Series("size"))
NOTHING = Chart("bars", Nominal(("page",)), Measure("n", "count", "visits"))


def facts(name, chart, rows):
    report = Report(name, "accounts", ("parcels",), lambda inputs: inputs["parcels"], chart.drawn_columns, chart)
    return ReportFacts(report, rows, "run-1", {"parcels": 1000}, f"s3://lake/{name}.parquet")


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """A page with a chart of each kind, and one without rows."""
    reports = [
        facts("models", MODELS, pl.DataFrame({"model": NAMES, "n": VALUES})),
        facts("per_day", PER_DAY, pl.DataFrame({"day": DAYS, "n": AMOUNTS})),
        facts("sizes", SIZES, pl.DataFrame({"town": ["x", "x", "y"], "size": ["S", "L", "L"], "n": [3, 1, 2]})),
        facts("nothing", NOTHING, pl.DataFrame(schema={"page": pl.String, "n": pl.Int64})),
    ]
    page = tmp_path_factory.mktemp("page") / "report.html"
    page.write_text(render_page("dev", [], reports, datetime(2026, 11, 23, tzinfo=UTC)))
    return page


@pytest.fixture(scope="module")
def browser():
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_FLAGS, headless=True)
        yield started
        started.close()


@pytest.fixture(params=[1280, 400])
def page(browser, file, request):
    """The page in the window of a desktop and of a phone, without an error in the browser."""
    opened = browser.new_page(viewport={"width": request.param, "height": 900})
    complaints: list[str] = []
    opened.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    opened.goto(file.as_uri())
    yield opened
    assert complaints == []
    opened.close()


def boxes(page, selector):
    return [element.bounding_box() for element in page.locator(selector).all()]


def test_bars_are_as_long_as_their_values_for_an_eye(page):
    # given the twelve largest of a thousand, which are not added up
    largest = sorted(VALUES, key=abs, reverse=True)[:12]
    tracks = boxes(page, "#report-models .track")

    # then
    bars = boxes(page, "#report-models .bar")
    scale = tracks[0]["width"] / (max(0, *largest) - min(0, *largest))
    for bar, value in zip(bars, sorted(largest, reverse=True), strict=True):
        assert bar["width"] == pytest.approx(abs(value) * scale, abs=1.5)
    expect(page.locator("#report-models")).to_contain_text("Not shown: 988 other values")


def test_parts_of_a_stacked_bar_touch_and_do_not_overlap(page):
    first, second = boxes(page, "#report-sizes .track >> nth=0 >> .bar")
    assert second["x"] == pytest.approx(first["x"] + first["width"], abs=1)
    assert second["width"] == pytest.approx(3 * first["width"], abs=1.5)


def test_points_of_a_line_are_as_high_as_their_values_for_an_eye(page):
    # given the centre of each point
    points = [
        (each["x"] + each["width"] / 2, each["y"] + each["height"] / 2)
        for each in boxes(page, "#report-per_day circle")
    ]
    (first_x, first_y), (_, second_y) = points[0], points[1]
    per_day = points[1][0] - first_x
    per_unit = (first_y - second_y) / (AMOUNTS[1] - AMOUNTS[0])

    # then
    assert per_unit > 0
    for (x, y), day, amount in zip(points, DAYS, AMOUNTS, strict=True):
        assert x == pytest.approx(first_x + (day - DAYS[0]).days * per_day, abs=1)
        assert y == pytest.approx(first_y - (amount - AMOUNTS[0]) * per_unit, abs=1)


def test_charts_are_found_by_their_names_and_have_tables(page):
    for name in ("n, in GBP, by model", "n, in kg, by day", "n, number of parcels, by town and size"):
        expect(page.get_by_role("img", name=name)).to_be_visible()
    page.locator("#report-per_day summary").click()
    table = page.get_by_role("table", name="n, in kg, by day")
    expect(table.get_by_role("row")).to_have_count(8)
    expect(table.get_by_role("row", name="2026-01-04")).to_contain_text("no value")


def test_nothing_is_wider_than_the_window(page):
    for summary in page.locator("summary").all():
        summary.click()
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
