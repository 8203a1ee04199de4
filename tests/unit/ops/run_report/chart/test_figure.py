"""What a chart shows of a report's rows: order, gaps, the rest, series and units."""

from datetime import UTC, date, datetime
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ops.run_report.chart.figure import MOST_UNITS, ChartError, figure_of
from processing.declaring.chart import Chart, Measure, Nominal, Ordinal, Series, Time, UnitColumn
from processing.declaring.report import Report

COUNT = Measure("n", "count", "things")
DISTINCT = Measure("n", "distinct", "members")


def report(chart, key=None):
    return Report(
        "things", "accounts", ("parcels",), lambda inputs: inputs["parcels"], key or chart.drawn_columns, chart
    )


def drawn(chart, rows, key=None):
    """Labels on x with the values of each series, and the notes, of a figure with one panel."""
    figure = figure_of(report(chart, key), pl.DataFrame(rows))
    [panel] = figure.panels
    return {p.label: tuple(v[i] for v in panel.values) for i, p in enumerate(panel.positions)}, figure.notes


MONTHS = [date(2026, 10, 1), date(2026, 1, 1), date(2026, 2, 1)]


@pytest.mark.parametrize(("missing", "shown"), [("gap", None), ("zero", 0)])
def test_months_keep_their_order_and_missing_ones_are_as_declared(missing, shown):
    # given months whose order is neither that of their values nor that of the rows
    chart = Chart("bars", Time("month", "month", missing=missing), COUNT)

    # when
    values, notes = drawn(chart, {"month": MONTHS, "n": [5, 9, 7]})

    # then
    assert list(values) == [f"2026-{month:02}" for month in range(1, 11)]
    assert values == dict.fromkeys(values, (shown,)) | {"2026-10": (5,), "2026-01": (9,), "2026-02": (7,)}
    assert notes == []


@pytest.mark.parametrize(
    ("step", "values", "labels"),
    [
        ("day", [date(2025, 12, 31), date(2026, 1, 2)], ["2025-12-31", "2026-01-01", "2026-01-02"]),
        ("week", [date(2025, 12, 22), date(2026, 1, 5)], ["2025-W52", "2026-W01", "2026-W02"]),
        ("quarter", [date(2025, 10, 1), date(2026, 4, 1)], ["2025-Q4", "2026-Q1", "2026-Q2"]),
        ("year", [date(2024, 1, 1), date(2026, 1, 1)], ["2024", "2025", "2026"]),
        ("year", [2024, 2026], ["2024", "2025", "2026"]),
        ("month", [datetime(2025, 12, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)], ["2025-12", "2026-01"]),
    ],
)
def test_every_period_between_the_first_and_the_last_has_a_place(step, values, labels):
    values, _ = drawn(Chart("line", Time("at", step, missing="gap"), COUNT), {"at": values, "n": [1, 2]})
    assert list(values) == labels
    assert (values[labels[0]], values[labels[-1]]) == ((1,), (2,))


@pytest.mark.parametrize(
    ("step", "value"),
    [
        ("week", date(2026, 1, 1)),
        ("month", date(2026, 1, 2)),
        ("quarter", date(2026, 2, 1)),
        ("year", date(2026, 2, 1)),
        ("day", datetime(2026, 1, 1, 1, tzinfo=UTC)),
        ("year", 0),
    ],
)
def test_a_value_within_a_period_is_not_drawn_as_the_period(step, value):
    with pytest.raises(ChartError, match=rf"^at: .* is not the first day of a {step}$"):
        drawn(Chart("line", Time("at", step, missing="gap"), COUNT), {"at": [value], "n": [1]})


def test_a_time_axis_keeps_the_latest_periods_and_names_the_others():
    # given a day of the year 1 by mistake, which would be 700,000 positions
    days = [date(1, 1, 1), *(date(2026, 1, day) for day in range(1, 6)), None]
    chart = Chart("bars", Time("day", "day", missing="gap"), COUNT, most=3)

    # when
    values, notes = drawn(chart, {"day": days, "n": range(7)})

    # then
    assert values == {"2026-01-03": (3,), "2026-01-04": (4,), "2026-01-05": (5,)}
    assert notes == ["Rows without day are not shown.", "Shows the latest 3 days; 3 earlier ones also have rows."]


def test_numbers_are_in_order_and_what_is_above_is_added_up_by_name():
    values, notes = drawn(
        Chart("bars", Ordinal("size"), COUNT, most=3), {"size": [10, 2, None, 1, 7], "n": [1, 2, 3, 4, 5]}
    )
    assert list(values.items()) == [("1", (4,)), ("2", (2,)), ("7", (5,)), ("2 greater values, total", (4,))]
    assert notes == []


def test_a_declared_order_wins_over_text_and_value():
    # given
    chart = Chart("bars", Ordinal("size", order=("S", "M", "L"), missing="zero"), COUNT)

    # when
    values, notes = drawn(chart, {"size": ["XL", "L", "S", None], "n": [9, 1, 5, 2]})

    # then
    assert list(values.items()) == [("S", (5,)), ("M", (0,)), ("L", (1,)), ("XL", (9,)), ("no value", (2,))]
    assert notes == ["Values outside the declared order: XL."]


ROWS = {"model": [f"m{number:04}" for number in range(1000)], "n": range(1000)}


def test_the_rest_of_a_thousand_names_is_added_up_and_labelled():
    values, notes = drawn(Chart("bars", Nominal(("model",)), COUNT, most=2), ROWS)
    assert list(values.items()) == [
        ("m0999", (999,)),
        ("m0998", (998,)),
        ("998 other values, total", (sum(range(998)),)),
    ]
    assert notes == []


@pytest.mark.parametrize("kind", ["distinct", "minimum", "maximum", "average", "ratio"])
def test_the_rest_is_never_added_up_if_it_does_not_add_up(kind):
    values, notes = drawn(Chart("bars", Nominal(("model",)), Measure("n", kind, "members"), most=2), ROWS)
    assert list(values.items()) == [("m0999", (999,)), ("m0998", (998,))]
    assert notes == [f"Not shown: 998 other values, because the {kind} of several rows is not the sum of their values."]


def test_a_row_of_the_rest_is_one_value():
    values, _ = drawn(Chart("bars", Nominal(("model",)), COUNT, most=1), {"model": ["a", "b"], "n": [2, 1]})
    assert list(values) == ["a", "1 other value, total"]


def test_names_are_ordered_by_label_if_declared():
    values, _ = drawn(
        Chart("bars", Nominal(("model",), order="label"), COUNT, most=2), {"model": ["b", "c", "a"], "n": [3, 1, 2]}
    )
    assert list(values) == ["a", "b", "1 other value, total"]


def test_a_large_loss_is_drawn_and_comes_last():
    values, _ = drawn(Chart("bars", Nominal(("model",)), COUNT, most=2), {"model": ["a", "b", "c"], "n": [1, -50, 3]})
    assert list(values) == ["c", "b", "1 other value, total"]


def test_two_columns_name_a_bar_together():
    values, _ = drawn(
        Chart("bars", Nominal(("model", "colour")), DISTINCT),
        {"model": ["a", "a"], "colour": ["red", None], "n": [1, 2]},
    )
    assert values == {"a, no value": (2,), "a, red": (1,)}


@pytest.mark.parametrize(("kind", "value"), [("count", 9), ("sum", 9), ("minimum", 2), ("maximum", 4)])
def test_rows_are_combined_as_the_measure_is(kind, value):
    # given a missing value too
    chart = Chart("bars", Nominal(("town",)), Measure("n", kind, "things", over=("day",)))
    values, _ = drawn(chart, {"town": ["x"] * 4, "day": [1, 2, 3, 4], "n": [3, None, 4, 2]}, ("town", "day"))
    assert values == {"x": (value,)}


def test_a_total_of_missing_values_is_missing_and_not_zero():
    chart = Chart("bars", Nominal(("town",)), Measure("n", "sum", "kg", over=("day",)))
    values, _ = drawn(
        chart, {"town": ["x", "x", "y"], "day": [1, 2, 1], "n": [None, float("nan"), 1.5]}, ("town", "day")
    )
    assert values == {"y": (1.5,), "x": (None,)}


def test_sums_of_decimals_and_of_large_numbers_are_exact():
    for numbers in ([Decimal("0.10"), Decimal("0.20")], [2**63 - 1, 2**63 - 1]):
        chart = Chart("bars", Nominal(("town",)), Measure("n", "sum", "GBP", over=("day",)))
        values, _ = drawn(chart, {"town": ["x", "x"], "day": [1, 2], "n": numbers}, ("town", "day"))
        assert values == {"x": (sum(numbers),)}


def test_too_many_series_are_added_up_in_one_if_they_add_up():
    # given
    rows = {"day": [date(2026, 1, 1)] * 3, "model": ["c", "a", "b"], "n": [5, 1, 9]}

    # when
    added, _ = drawn(Chart("line", Time("day", "day", missing="gap"), COUNT, Series("model", most=1)), rows)
    left, notes = drawn(Chart("line", Time("day", "day", missing="gap"), DISTINCT, Series("model", most=1)), rows)

    # then
    assert added == {"2026-01-01": (9, 6)}
    assert left == {"2026-01-01": (9,)}
    assert notes == ["Not shown: 2 other values, because the distinct of several rows is not the sum of their values."]


def test_each_unit_has_its_own_panel_and_no_sum_has_two_units():
    # given
    chart = Chart("bars", Nominal(("model",)), Measure("n", "sum", UnitColumn("currency"), over=("day",)))
    rows = pl.DataFrame(
        {
            "model": ["a", "a", "a", "b"],
            "currency": ["GBP", "GBP", "EUR", None],
            "day": [1, 2, 1, 1],
            "n": [100, 7, 50, 1],
        }
    )

    # when
    figure = figure_of(report(chart, ("model", "currency", "day")), rows)

    # then
    shown = [(panel.unit, [each.label for each in panel.positions], panel.values) for panel in figure.panels]
    assert shown == [("EUR", ["a"], [[50]]), ("GBP", ["a"], [[107]]), ("no value", ["b"], [[1]])]


def test_units_without_a_panel_are_named():
    units = [f"U{number}" for number in range(MOST_UNITS + 2)]
    chart = Chart("bars", Nominal(("unit",)), Measure("n", "sum", UnitColumn("currency")))
    rows = pl.DataFrame({"unit": units, "currency": units, "n": range(len(units))})
    figure = figure_of(report(chart), rows)
    assert [panel.unit for panel in figure.panels] == units[:MOST_UNITS]
    assert figure.notes == ["Not shown: currency U4, U5."]


def test_panels_of_a_time_axis_have_the_same_periods():
    chart = Chart("line", Time("day", "day", missing="gap"), Measure("n", "sum", UnitColumn("currency")))
    rows = pl.DataFrame({"day": [date(2026, 1, 1), date(2026, 1, 3)], "currency": ["GBP", "EUR"], "n": [1, 2]})
    assert [panel.values for panel in figure_of(report(chart), rows).panels] == [[[None, None, 2]], [[1, None, None]]]


def test_rows_that_repeat_the_key_are_not_drawn():
    with pytest.raises(ChartError, match=r"^several rows have the same key \(model\), so values could count twice$"):
        drawn(Chart("bars", Nominal(("model",)), COUNT), {"model": ["a", "a"], "n": [1, 2]})


def test_a_stored_report_without_a_declared_column_is_not_drawn():
    with pytest.raises(
        ChartError, match=r"^the stored report does not have n, because its declaration is newer; run mart$"
    ):
        drawn(Chart("bars", Nominal(("model",)), COUNT), {"model": ["a"], "m": [1]})


def test_a_report_without_rows_has_no_panel():
    assert (
        figure_of(report(Chart("bars", Nominal(("model",)), COUNT)), pl.DataFrame({"model": [], "n": []})).panels == []
    )


ROW = st.fixed_dictionaries(
    {
        "unit": st.sampled_from(["GBP", "EUR", None]),
        "town": st.sampled_from(["a", "b", "c", "d", "e", None]),
        "size": st.sampled_from(["s", "m", "l", None]),
        "day": st.integers(1, 4),
        "n": st.one_of(st.none(), st.integers(-1000, 1000)),
    }
)


@settings(max_examples=30, deadline=None)
@given(
    rows=st.lists(
        ROW, min_size=1, max_size=30, unique_by=lambda row: (row["unit"], row["town"], row["size"], row["day"])
    ),
    most=st.integers(1, 7),
    most_series=st.integers(1, 5),
)
def test_what_is_drawn_adds_up_to_the_rows_of_its_unit(rows, most, most_series):
    # given a chart that adds up days, and whatever it does not draw alone
    measure = Measure("n", "sum", UnitColumn("unit"), over=("day",))
    chart = Chart("bars", Nominal(("town",)), measure, Series("size", most_series), most)
    frame = pl.DataFrame(
        rows, schema_overrides={"n": pl.Int64, "town": pl.String, "size": pl.String, "unit": pl.String}
    )

    # when
    figure = figure_of(report(chart, ("unit", "town", "size", "day")), frame)

    # then each unit's numbers add up to its rows, and a bar of one town is what polars makes of it
    assert {panel.unit for panel in figure.panels} == {row["unit"] or "no value" for row in rows}
    for panel in figure.panels:
        own = frame.with_columns(pl.col("unit", "town", "size").fill_null("no value")).filter(unit=panel.unit)
        assert sum(value or 0 for values in panel.values for value in values) == own["n"].sum()
        assert len(panel.positions) <= most + 1
        assert len(panel.series) <= most_series + 1
        for one, values in zip(panel.series, panel.values, strict=True):
            for position, value in zip(panel.positions, values, strict=True):
                if not one.is_rest and not position.is_rest:
                    known = own.filter(town=position.label, size=one.label)["n"].drop_nulls()
                    assert value == (known.sum() if len(known) else None)
