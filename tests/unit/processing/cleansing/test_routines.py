"""The cleansing routines do what their documentation says, and refuse instead of guessing."""

import itertools
import re
import sys
import unicodedata
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processing.checking.column_cleansing import cleansed, refusal_reasons
from processing.cleansing.number_routines import currency_codes
from processing.cleansing.routines import (
    CURRENCY_CODE,
    EMAIL,
    EMPTY_TO_NULL,
    MADE_ROUTINES,
    NUMBER_WITH_COMMA,
    NUMBER_WITH_POINT,
    REMOVE_INVISIBLE,
    ROUTINES,
    TRIM,
    Routine,
    dates,
    decimal_scale,
    phone,
    value_map,
)

ALL = {**ROUTINES, **MADE_ROUTINES}
EXAMPLES = [(call, text, result) for call, routine in ALL.items() for text, result in routine.examples.items()]


def apply(routine: Routine, *texts: str | None) -> list[str | None]:
    frame = pl.DataFrame({"x": texts}, schema={"x": pl.String})
    return frame.select(routine.expression(pl.col("x"))).to_series().to_list()


@pytest.mark.parametrize(("call", "text", "result"), EXAMPLES)
def test_a_routine_does_what_its_example_says(call, text, result):
    assert apply(ALL[call], text) == [result]


@pytest.mark.parametrize("call", ALL)
def test_a_routine_is_described_in_sentences_and_has_examples(call):
    assert re.fullmatch(r"[A-Z].+\.", ALL[call].description)
    assert ALL[call].examples


@pytest.mark.parametrize("call", ALL)
def test_a_routine_leaves_a_missing_value_missing(call):
    assert apply(ALL[call], None) == [None]


@pytest.mark.parametrize("call", [call for call in ALL if call != "empty_to_null"])
def test_only_a_routine_that_refuses_makes_a_text_missing(call):
    # given
    texts = ["", "x", "1", "1,5", "a@b.c", "\u00df", "\n"]

    # then
    assert (None in apply(ALL[call], *texts)) == (ALL[call].refuses is not None)


@pytest.mark.parametrize("call", ALL)
@settings(max_examples=25, deadline=None)
@given(texts=st.lists(st.text(max_size=12), max_size=6))
def test_a_routine_never_fails_and_treats_each_text_alone(call, texts):
    together = apply(ALL[call], *texts)
    assert together == [apply(ALL[call], text)[0] for text in texts]


@pytest.mark.parametrize("name", ["", "Trim", "two words", "a|b"])
def test_a_routine_needs_a_name_that_reads_well_in_a_rule(name):
    with pytest.raises(ValueError, match="is not a valid routine name"):
        Routine(name, "Does nothing.", lambda text: text)


# --- numbers ---


@settings(max_examples=60, deadline=None)
@given(
    number=st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12, places=2),
    currency=st.sampled_from(["{}", "£{}", "{} €", "EUR {}", "{}USD"]),
    routine=st.sampled_from([(NUMBER_WITH_POINT, ",", "."), (NUMBER_WITH_COMMA, ".", ",")]),
)
def test_a_number_that_was_written_for_people_is_the_same_number(number, currency, routine):
    # given
    reads, thousands, point = routine
    written = currency.format(f"{number:,}".translate({ord(","): thousands, ord("."): point}))

    # then
    assert Decimal(apply(reads, written)[0] or "nothing") == number


@pytest.mark.parametrize(
    "text", ["", "1.2.3", "1,2,3", "1,234 567", "--1", "-(1)", "(-1)", "1-", "£", "£1€2", "1e5", "1.", ".5", "٣"]
)
def test_what_might_be_another_number_is_refused(text):
    assert apply(NUMBER_WITH_POINT, text) == [None]


@pytest.mark.parametrize(
    ("digits", "text", "result"),
    [(0, "7.000", "7"), (0, "7.5", None), (2, "-0.1", "-0.10"), (2, "7.", "7.00"), (4, "+1.23456", None)],
)
def test_a_scale_adds_zeros_and_never_rounds(digits, text, result):
    assert apply(decimal_scale(digits), text) == [result]


def test_a_scale_cannot_be_negative():
    with pytest.raises(ValueError, match="cannot have -1 digits"):
        decimal_scale(-1)


@pytest.mark.parametrize(
    "text",
    [
        "JAN 24",
        "ERR 42",
        "VAT20",
        "100 KGM",
        "USD5EUR",
        "\u00a35\u20ac",
        "usd 5",
        "1\n234",
        "1\r\n234",
        "USD\n5",
        "1\u2028234",
    ],
)
def test_word_that_is_not_a_currency_is_refused(text: str):
    assert apply(NUMBER_WITH_POINT, text) == [None]


def test_currency_codes_are_those_of_iso_4217():
    assert {"EUR", "GBP", "USD", "JPY", "CHF"} <= {*currency_codes()}
    assert not {"JAN", "VAT", "KGM", "ERR"} & {*currency_codes()}
    assert apply(CURRENCY_CODE, *currency_codes()) == [*currency_codes()]


# --- invisible characters ---


def test_every_format_and_control_character_is_removed():
    kept = "\t\n\r"
    invisible = [
        chr(code)
        for code in range(sys.maxunicode + 1)
        if unicodedata.category(chr(code)) in {"Cf", "Cc"} and chr(code) not in kept
    ]

    assert set(apply(REMOVE_INVISIBLE, *(f"A{each}1" for each in invisible))) == {"A1"}


@pytest.mark.parametrize("text", ["a\tb\r\nc", "\u00e9\u0301 \u00a0", "Fran\u00e7ois", "\U0001f697"])
def test_visible_text_and_blanks_stay(text: str):
    assert apply(REMOVE_INVISIBLE, text) == [text]


# --- dates ---


def test_day_is_read_exactly_or_refused_if_formats_disagree():
    # given every day of a year, written in both formats
    days = [date(2026, 1, 1) + timedelta(days=number) for number in range(365)]
    formats = ("%d/%m/%Y", "%m/%d/%Y")

    # when
    read = apply(dates(*formats), *(day.strftime(each) for day in days for each in formats))

    # then
    for (day, _), result in zip(itertools.product(days, formats), read, strict=True):
        is_ambiguous = day.day <= 12 and day.day != day.month
        assert result == (None if is_ambiguous else day.isoformat())


@pytest.mark.parametrize(
    "text",
    ["05/01/26", "05/01/226", "05/01/+2026", "05/01/-2026", "05/01/12026", "05/01/+12026", "+5/01/2026", " 5/ 1/2026"],
)
def test_date_with_a_sign_a_blank_or_another_year_is_refused(text: str):
    assert apply(dates("%d/%m/%Y"), text) == [None]


@pytest.mark.parametrize("formats", [(), ("%d/%m/%y",), ("%d/%m",), ("%Y-%m-%d", "%H")])
def test_incomplete_date_formats_are_refused_at_declaration(formats):
    with pytest.raises(ValueError, match=r"a year of four digits|needs at least one format"):
        dates(*formats)


# --- reaching people ---


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "@example.com",
            "a@",
            "a@example",
            "a@-x.com",
            "a@x-.com",
            ".a@x.com",
            "a..b@x.com",
            "a@x..com",
            "a b@x.com",
        ),
        *(f"{'a' * 65}@x.com", f"a@{'b' * 64}.com", f"a@{'b.' * 130}com"),
    ],
)
def test_what_is_no_address_is_refused(text):
    assert apply(EMAIL, text) == [None]


@pytest.mark.parametrize("text", ["o'hara+tag@sub.example.co.uk", f"{'a' * 64}@x.com", f"a@{'b' * 63}.com", "ä@ö.de"])
def test_an_unusual_address_is_one(text):
    assert apply(EMAIL, text) == [text]


def test_a_number_that_comes_often_is_read_once(monkeypatch):
    # given
    routine = phone("GB")
    read: list[str] = []
    monkeypatch.setattr(
        "processing.cleansing.contact_routines._e164", lambda text, _region: read.append(text) or "+442079460958"
    )

    # when
    result = apply(routine, "020 7946 0958", None, "020 7946 0958")

    # then
    assert result == ["+442079460958", None, "+442079460958"]
    assert read == ["020 7946 0958"]


def test_unknown_region_is_refused_when_it_is_declared():
    with pytest.raises(ValueError, match=r"phone\('uk'\): the region is not two upper case letters"):
        phone("uk")


# --- lists of values ---


def test_a_map_without_values_is_refused_when_it_is_declared():
    with pytest.raises(ValueError, match=r"value_map\(\) needs at least one value"):
        value_map({})


# --- several routines of a column ---


def test_routines_run_in_order_and_a_refusal_shows_its_text():
    # given
    routines = (TRIM, EMPTY_TO_NULL, EMAIL, value_map({"a@b.c": "somebody@example.org"}))
    frame = pl.DataFrame({"email": [" A@b.C", " ", None, "nobody", "a@b.c "]})

    # when
    column = cleansed("email", routines)
    result = frame.select(email=column.value, **column.refused)

    # then
    assert result["email"].to_list() == [None, None, None, None, "somebody@example.org"]
    assert result["email|email"].to_list() == [None, None, None, "nobody", None]
    assert result["email|value_map"].to_list() == ["A@b.c", None, None, None, None]
    assert refusal_reasons("email", routines)["email|email"] == "email is not an e-mail address"
    assert list(refusal_reasons("email", routines)) == list(column.refused)


# --- documentation ---


def table(routines: Mapping[str, Routine]) -> str:
    """Return the routines as the page must show them."""
    rows = [["routine", "what it does", "refuses what is not", "examples"], ["---"] * 4]
    for call, routine in routines.items():
        examples = "<br>".join(f"{shown(text)} → {shown(result)}" for text, result in routine.examples.items())
        rows.append([f"`{call}`", routine.description, routine.refuses or "", examples])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def shown(text: str | None) -> str:
    if text is None:
        return "nothing"
    readable = [
        each if each.isprintable() and not unicodedata.combining(each) else each.encode("unicode_escape").decode()
        for each in text
    ]
    return f'`"{"".join(readable)}"`'


@pytest.mark.parametrize("routines", [ROUTINES, MADE_ROUTINES], ids=["ready", "made"])
def test_the_page_on_routines_shows_each_as_it_is(routines):
    page = (Path(__file__).parents[4] / "docs/cleansing-routines.md").read_text()
    assert table(routines) in page
