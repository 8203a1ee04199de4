"""A chart that would show something wrong is refused when its report is declared."""

import dataclasses

import pytest

from datasets import DATASETS
from processing.cleansing.routines import CURRENCY_CODE
from processing.registry.chart_checks import units_of
from processing.registry.declaration_file import DeclarationError
from processing.registry.registry import refuse_broken
from processing.registry.report_checks import find_reports
from tests.support.declarations import write_package

REPORT = """
import narwhals as nw
from processing.declaring.chart import *
from processing.declaring.report import Report

def query(inputs):
    weighings = inputs["readings"].with_columns(
        day=nw.col("occurred_at").dt.date(), year=nw.col("occurred_at").dt.year(), heavy=nw.col("weight") > 1,
        senders=nw.col("member_id"), tags=nw.col("payload").str.split(","), mean=nw.col("weight"))
    return weighings.select("day", "year", "place", "weight", {unit}"senders", "heavy", "mean", "tags")

REPORT = Report(name="weights", team="accounts", inputs=("readings",), query=query, key={key}, chart=Chart({chart}))
"""
SENDERS = 'Measure("senders", "count", "members")'
PER_DAY = 'x=Time("day", "day", missing="gap")'
PER_PLACE = 'x=Nominal(("place",))'
DISTINCT = 'y=Measure("senders", "distinct", "members")'


@pytest.fixture
def check(tmp_path, monkeypatch):
    """Declares a report with a chart, in a file of its own, and checks it."""

    def declare(chart, key):
        # A column of units makes every amount one of several units.
        unit = '"unit", ' if "unit" in key else ""
        text = REPORT.format(chart=chart, key=key, unit=unit)
        refuse_broken(find_reports(*write_package(tmp_path, monkeypatch, weights=text), DATASETS))

    return declare


@pytest.mark.parametrize(
    ("key", "chart", "message"),
    [
        # What may not be added up.
        (
            ("day", "place"),
            'kind="bars", x=Nominal(("place",)), y=Measure("senders", "distinct", "members")',
            r"the chart would combine senders, a distinct count, over \['day'\], which gives a wrong number; show",
        ),
        (
            ("day", "place"),
            'kind="bars", x=Nominal(("place",)), y=Measure("senders", "distinct", "members", over=("day",))',
            r"a distinct count, over \['day'\], which gives a wrong number",
        ),
        *(
            (
                ("day", "place"),
                f'kind="line", x=Time("day", "day", missing="gap"), y=Measure("mean", "{kind}", "kg", over=("place",))',
                rf"the chart would combine mean, an? {kind}, over \['place'\]",
            )
            for kind in ("average", "ratio")
        ),
        (
            ("day", "place"),
            f'kind="stacked_bars", {PER_DAY}, {DISTINCT}, series=Series("place")',
            r"stacked bars show the sum of senders, a distinct count, which cannot be added up; use 'bars'",
        ),
        # Several units.
        *(
            (
                ("day", "unit"),
                f'kind="bars", x=Nominal(("day",)), y=Measure("weight", "{kind}", "kg"{over})',
                r"the chart shows weight of every unit on one scale, .*; declare unit=UnitColumn\('unit'\)",
            )
            for kind, over in (("sum", ', over=("unit",)'), ("maximum", ', over=("unit",)'))
        ),
        (
            ("day", "unit"),
            'kind="bars", x=Nominal(("unit",)), y=Measure("weight", "sum", "kg", over=("day",))',
            r"the chart shows weight of every unit on one scale",
        ),
        # What is combined has to be declared.
        (
            ("day", "place"),
            f'kind="bars", x=Nominal(("place",)), y={SENDERS}',
            r"the chart does not show the key's columns \['day'\], .*, declare over=\('day',\)",
        ),
        (
            ("day",),
            'kind="bars", x=Nominal(("day",)), y=Measure("senders", "count", "members", over=("place",))',
            r"the chart does not show the key's columns \[\], but y says over=\('place',\)",
        ),
        # Axes.
        (
            ("place",),
            f'kind="bars", x=Time("place", "month", missing="gap"), y={SENDERS}',
            r"x is Time, but place is String; make it a Date or Datetime in the query",
        ),
        (
            ("year",),
            f'kind="bars", x=Time("year", "month", missing="gap"), y={SENDERS}',
            r"x is Time, but year is Int32; make it a Date",
        ),
        (("day",), f'kind="bars", x=Ordinal("day"), y={SENDERS}', r"x is Ordinal, but day is Date; use Time for dates"),
        (("place",), f'kind="bars", x=Ordinal("place"), y={SENDERS}', r"place is text; name its values in order=\(…\)"),
        (
            ("year",),
            f'kind="bars", x=Ordinal("year", order=("2025",)), y={SENDERS}',
            r"x has an order, but year is Int32, and numbers are ordered already; leave the order out",
        ),
        (
            ("place",),
            f'kind="bars", x=Ordinal("place", order=("A", "A")), y={SENDERS}',
            r"the order of x names \['A'\] twice",
        ),
        (
            ("place",),
            f'kind="bars", x=Ordinal("place", order=("A", "B")), y={SENDERS}, most=1',
            r"the order of x has 2 values, but most is 1; raise most",
        ),
        (("place",), f'kind="bars", x=Nominal(()), y={SENDERS}', r"x is Nominal without a column"),
        (
            ("place",),
            f'kind="line", x=Nominal(("place",)), y={SENDERS}',
            r"a line connects positions in their order, but x is Nominal; use 'bars'",
        ),
        (
            ("day",),
            'kind="line", x=Time("day", "day", missing="zero"), y=Measure("mean", "average", "kg")',
            r"mean, an average, of no rows is not 0; use 'gap'",
        ),
        (
            ("day",),
            f'kind="line", x=Time("day", "day", missing="none"), y={SENDERS}',
            r"chart\.x\.missing is 'none', expected one of 'gap', 'zero'",
        ),
        (("day",), f'kind="pie", x=Nominal(("day",)), y={SENDERS}', r"chart\.kind is 'pie', expected one of 'bars'"),
        # The measure.
        (
            ("day",),
            'kind="bars", x=Nominal(("day",)), y=Measure("place", "count", "places")',
            r"y is place, which is String; name a column of numbers",
        ),
        (
            ("day",),
            'kind="bars", x=Nominal(("day",)), y=Measure("weight", "count", "members")',
            r"y is weight, a count, but the column is Decimal.*, and a count is a whole number",
        ),
        (
            ("day",),
            'kind="bars", x=Nominal(("day",)), y=Measure("senders", "total", "members")',
            r"chart\.y\.aggregation is 'total', expected one of 'sum', 'count'",
        ),
        (
            ("day",),
            'kind="bars", x=Nominal(("day",)), y=Measure("senders", "count", " ")',
            r"y does not have a unit; name what",
        ),
        (
            ("day",),
            'kind="bars", x=Nominal(("day",)), y=Measure("weight", "sum", UnitColumn("senders"))',
            r"the unit column senders is Int64; make it a text",
        ),
        # Series and limits.
        (
            ("tags",),
            f'kind="bars", x=Nominal(("tags",)), y={SENDERS}',
            r"names columns \['tags'\], whose values are lists",
        ),
        (("day",), f'kind="stacked_bars", x=Nominal(("day",)), y={SENDERS}', r"stacked bars need series"),
        (
            ("day",),
            f'kind="bars", x=Nominal(("day",)), y={SENDERS}, series=Series("day")',
            r"the chart uses columns \['day'\] twice",
        ),
        (
            ("day", "place"),
            f'kind="bars", x=Nominal(("day",)), y={SENDERS}, series=Series("place", most=7)',
            r"most of the chart's series is 7, expected 1 to 6",
        ),
        (("day",), f'kind="bars", x=Nominal(("day",)), y={SENDERS}, most=0', r"most of the chart is 0, expected 1 to"),
        (
            ("no",),
            f'kind="bars", x=Nominal(("day",)), y={SENDERS}',
            r"key names columns \['no'\], which the report does not have",
        ),
        (
            ("day",),
            f'kind="bars", x=Nominal(("no",)), y={SENDERS}',
            r"chart names columns \['no'\], which the report does not have",
        ),
        ((), f'kind="bars", x=Nominal(("day",)), y={SENDERS}', r"the report does not have a key; name the columns"),
    ],
)
def test_a_chart_that_would_be_wrong_is_refused_in_one_line(check, key, chart, message):
    with pytest.raises(DeclarationError, match=rf"^\w+/weights\.py: .*{message}") as refusal:
        check(chart, key)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("key", "chart"),
    [
        (("day", "place"), f'kind="bars", {PER_PLACE}, y=Measure("senders", "count", "members", over=("day",))'),
        (("day", "unit"), f'kind="line", {PER_DAY}, y=Measure("weight", "sum", UnitColumn("unit"))'),
        (("day", "unit"), 'kind="bars", x=Nominal(("unit",)), y=Measure("senders", "count", "members", over=("day",))'),
        (("day", "unit"), 'kind="bars", x=Nominal(("unit", "day")), y=Measure("mean", "ratio", "%")'),
        (("year",), f'kind="bars", x=Time("year", "year", missing="zero"), y={SENDERS}'),
        (("year",), f'kind="line", x=Ordinal("year"), y={SENDERS}'),
        (
            ("place", "day"),
            f'kind="stacked_bars", x=Ordinal("place", order=("A", "B")), series=Series("day"), y={SENDERS}',
        ),
        (("place", "day"), f'kind="bars", {PER_PLACE}, series=Series("day"), {DISTINCT}'),
        (("heavy",), f'kind="bars", x=Nominal(("heavy",)), y={SENDERS}'),
    ],
)
def test_a_chart_that_shows_what_the_rows_mean_is_accepted(check, key, chart):
    check(chart, key)


@pytest.mark.parametrize(
    ("made", "declared", "instead"),
    [("n_unique", "count", "distinct"), ("n_unique", "sum", "distinct"), ("mean", "maximum", "average")],
)
def test_a_measure_is_declared_as_the_query_makes_it(tmp_path, monkeypatch, made, declared, instead):
    # given
    text = f"""
import narwhals as nw
from processing.declaring.chart import *
from processing.declaring.report import Report

def query(inputs):
    return inputs["parcels"].group_by("town").agg(nw.col("member_id").{made}().cast(nw.Int64).alias("members"))

REPORT = Report(name="towns", team="accounts", inputs=("parcels",), query=query, key=("town",),
                chart=Chart("bars", x=Nominal(("town",)), y=Measure("members", "{declared}", "members")))
"""
    reports = find_reports(*write_package(tmp_path, monkeypatch, towns=text), DATASETS)

    # when, then
    with pytest.raises(DeclarationError, match=rf"^\w+/towns\.py: y declares .*; declare aggregation='{instead}'$"):
        refuse_broken(reports)


def test_a_column_cleansed_as_a_currency_is_a_unit_by_any_name():
    # given a dataset whose currency is called "money"
    dataset = dataclasses.replace(DATASETS["readings"], cleansing={"money": (CURRENCY_CODE,)})

    # then
    assert units_of(["day", "money", "amount"], [dataset]) == ["money"]
