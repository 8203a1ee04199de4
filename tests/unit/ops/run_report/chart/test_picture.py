"""The drawn chart: each mark is where its value is, and the text alternative and the table have every value."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from html.parser import HTMLParser

import polars as pl
import pytest

from ops.run_report.chart.numbers import number_in_words
from ops.run_report.chart.picture import HEIGHT, MOST_LABEL, WIDTH, caption_of
from ops.run_report.facts import ReportFacts
from ops.run_report.page import render_page
from processing.declaring.chart import Chart, Measure, Nominal, Ordinal, Series, Time, UnitColumn
from processing.declaring.report import Report

COUNT = Measure("n", "count", "parcels")


class Marks(HTMLParser):
    """What the page draws: elements with their attributes, and all text by the element around it."""

    def __init__(self, page):
        super().__init__()
        self.elements, self.texts, self._open = [], [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self._open.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data):
        if data.strip() and self._open:
            self.texts.append((*self._open[-1], data.strip()))

    def all(self, tag, **wanted):
        return [found for name, found in self.elements if name == tag and wanted.items() <= found.items()]

    def text(self, tag, **wanted):
        return [text for name, found, text in self.texts if name == tag and wanted.items() <= found.items()]

    def bars(self):
        """Left end and width in percent, by what the bar shows."""
        return {
            found["title"]: tuple(float(number) for number in re.findall(r"-?[\d.]+(?=%)", found["style"]))
            for found in self.all("i")
            if found.get("class", "").startswith("bar ")
        }


def drawn(chart, rows, key=None):
    """The page's marks of a chart."""
    report = Report(
        "things", "accounts", ("parcels",), lambda inputs: inputs["parcels"], key or chart.drawn_columns, chart
    )
    facts = ReportFacts(report, pl.DataFrame(rows), "run-1", {"parcels": 1000}, "s3://lake/x.parquet")
    return Marks(render_page("dev", [], [facts], datetime(2026, 11, 23, tzinfo=UTC)))


def test_bars_are_as_long_as_their_values_on_both_sides_of_zero():
    # given
    marks = drawn(Chart("bars", Nominal(("town",)), COUNT), {"town": ["a", "b", "c", "d"], "n": [30, -10, None, 0]})

    # then 40 units are 100 percent, and zero is at 25
    assert marks.bars() == {"a: 30": (25, 75), "d: 0": (25, 0), "b: -10": (0, 25)}
    assert {zero["style"] for zero in marks.all("i", **{"class": "zero"})} == {"left: 25.000%"}
    assert marks.text("div", **{"class": "value"}) == ["30", "0", "-10", "no value"]


@pytest.mark.parametrize(("values", "widths"), [([0, 0], [0, 0]), ([-5, -10], [50, 100]), ([7], [100])])
def test_a_scale_without_positive_numbers_or_with_one_row_is_drawn(values, widths):
    # given
    towns = ["a", "b"][: len(values)]
    bars = drawn(Chart("bars", Nominal(("town",)), COUNT), {"town": towns, "n": values}).bars()

    # then
    assert [bars[f"{town}: {value}"][1] for town, value in zip(towns, values, strict=True)] == widths


def test_grouped_bars_have_a_bar_for_each_series_on_one_scale():
    # given
    chart = Chart("bars", Nominal(("town",)), Measure("n", "distinct", "members"), Series("size"))
    marks = drawn(chart, {"town": ["x", "x", "y"], "size": ["S", "L", "L"], "n": [2, 4, 3]})

    # then
    assert marks.bars() == {"x, L: 4": (0, 100), "x, S: 2": (0, 50), "y, L: 3": (0, 75)}
    assert marks.text("li") == ["L", "S"]
    assert marks.text("div", **{"class": "label"}) == ["x", "y"]


def test_stacked_bars_add_up_to_both_sides_of_zero():
    # given
    chart = Chart("stacked_bars", Nominal(("town",)), Measure("n", "sum", "GBP"), Series("size"))
    marks = drawn(chart, {"town": ["x"] * 3, "size": ["L", "M", "S"], "n": [6, -2, 2]})

    # then 8 above zero and 2 below are the scale
    assert marks.bars() == {"x, L: 6 GBP": (20, 60), "x, M: -2 GBP": (0, 20), "x, S: 2 GBP": (80, 20)}
    assert marks.text("div", **{"class": "value"}) == ["6 GBP"]


def test_a_line_is_where_its_values_are_and_ends_at_a_gap():
    # given the third of five days without a row
    days = [date(2026, 1, day) for day in (1, 2, 4, 5)]
    chart = Chart("line", Time("day", "day", missing="gap"), Measure("n", "average", "kg"))
    marks = drawn(chart, {"day": days, "n": [10.0, -10.0, 0.0, 30.0]})

    # then
    points = [tuple(map(float, point.split(","))) for line in marks.all("polyline") for point in line["points"].split()]
    places = [(WIDTH * step / 4, HEIGHT * (30 - value) / 40) for step, value in ((0, 10), (1, -10), (3, 0), (4, 30))]
    assert points == places
    assert [line["points"].count(",") for line in marks.all("polyline")] == [2, 2]
    assert [(float(each["cx"]), float(each["cy"])) for each in marks.all("circle")] == places
    [axis] = marks.all("line")
    assert float(axis["y1"]) == float(axis["y2"]) == HEIGHT * 30 / 40


def test_a_line_of_one_period_is_a_point():
    marks = drawn(Chart("line", Ordinal("size"), COUNT), {"size": [3], "n": [7]})
    [point] = marks.all("circle")
    assert (float(point["cx"]), float(point["cy"])) == (WIDTH / 2, 0)


@pytest.mark.parametrize("chart", [Chart("bars", Ordinal("size"), COUNT), Chart("line", Ordinal("size"), COUNT)])
def test_a_chart_has_a_name_a_description_and_a_table(chart):
    # given
    marks = drawn(chart, {"size": [2, 1, 3], "n": [1000, 5, None]})

    # then what assistive technology reads names the chart, its extremes, and points to the table
    [picture] = [found for _, found in marks.elements if found.get("role") == "img"]
    by_id = {found["id"]: text for _, found, text in marks.texts if "id" in found}
    name = picture.get("aria-label") or by_id[picture["aria-labelledby"].split()[0]]
    description = by_id[picture.get("aria-describedby") or picture["aria-labelledby"].split()[1]]
    assert name == "n, number of parcels, by size"
    assert description == "2 values. Largest: 2, 1,000. Smallest: 1, 5. The table lists all values."

    # and the table has every value under its heads
    assert marks.text("th", scope="col") == ["size", "n"]
    assert marks.text("th", scope="row") == ["1", "2", "3"]
    assert marks.text("td", **{"class": "number"}) == ["5", "1,000", "no value"]
    assert marks.text("caption") == [name]


def test_a_long_label_is_short_in_the_picture_and_whole_in_the_table():
    # given a label that would be markup, too
    label = "<b>" + "long " * 200
    marks = drawn(Chart("bars", Nominal(("town",)), COUNT), {"town": [label], "n": [1]})

    # then
    [shown] = marks.text("div", **{"class": "label"})
    assert len(shown) <= MOST_LABEL
    assert shown.endswith("…")
    assert marks.text("th", scope="row") == [label.strip()]
    assert not marks.all("b")


def test_a_report_without_rows_has_a_caption_and_a_sentence():
    marks = drawn(Chart("bars", Nominal(("town",)), COUNT), pl.DataFrame(schema={"town": pl.String, "n": pl.Int64}))
    assert marks.text("figcaption") == ["n, number of parcels, by town"]
    assert "The report has no rows." in marks.text("p")
    assert not marks.bars()


def test_each_unit_has_a_picture_with_its_own_scale():
    # given
    chart = Chart("bars", Nominal(("town",)), Measure("n", "sum", UnitColumn("currency")))
    marks = drawn(
        chart,
        {"town": ["a", "b", "a"], "currency": ["GBP", "GBP", "EUR"], "n": [Decimal("100.50"), Decimal(50), Decimal(1)]},
    )

    # then
    assert marks.text("h4") == ["EUR", "GBP"]
    assert set(marks.bars()) == {"a: 1.00 EUR", "a: 100.50 GBP", "b: 50.00 GBP"}
    assert marks.bars()["a: 1.00 EUR"] == (0, 100)


@pytest.mark.parametrize(
    ("chart", "caption"),
    [
        (Chart("bars", Ordinal("size"), Measure("n", "count", "n")), "n, by size"),
        (Chart("bars", Ordinal("size"), Measure("n", "sum", "kg", over=("day",))), "n, in kg, sum over day, by size"),
        (
            Chart("bars", Nominal(("a", "b")), Measure("n", "sum", UnitColumn("currency")), Series("c")),
            "n, by a and b and c, for each currency",
        ),
    ],
)
def test_a_caption_says_what_is_combined_and_measured(chart, caption):
    assert caption_of(chart) == caption


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (1234567, "1,234,567"),
        (Decimal("1234.50"), "1,234.50"),
        (0.123456, "0.123"),
        (1234.5678, "1,234.57"),
        (1e6, "1,000,000"),
        (-0.5, "-0.5"),
        (None, "no value"),
    ],
)
def test_numbers_have_separators_and_few_digits(value, words):
    assert number_in_words(value) == words
