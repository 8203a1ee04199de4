"""Texts that are equal as JSON have one canonical form; texts that differ have different ones."""

import json
from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lake.canonical_json import Number, canonical_number, canonical_text

NUMBERS = st.builds(
    lambda sign, whole, fraction, exponent: f"{sign}{whole}{fraction}{exponent}",
    st.sampled_from(["", "-"]),
    st.integers(0, 10**50).map(str),
    st.just("") | st.text("0123456789", min_size=1, max_size=30).map(lambda digits: f".{digits}"),
    st.just("") | st.integers(-60, 60).map(lambda power: f"e{power}") | st.integers(0, 60).map("E+{}".format),
)


def decimals(text):
    """Return a JSON text with every number as written."""
    return json.loads(text, parse_int=Decimal, parse_float=Decimal)


@pytest.mark.parametrize(
    ("written", "spelling"),
    [
        ("1", "1"),
        ("1.0", "1"),
        ("10e-1", "1"),
        ("-0.0", "0"),
        ("1.50", "1.5"),
        ("0.000001", "0.000001"),
        ("1e22", "1" + "0" * 22),
        ("1E400", "1e400"),
        ("12345678901234567890123", "12345678901234567890123"),
        ("1" * 5000, "1" * 5000),
        (f"1e{'9' * 5000}", f"1e{'9' * 5000}"),
    ],
)
def test_number_is_spelled_by_its_value(written, spelling):
    assert canonical_number(written) == spelling


@given(NUMBERS)
def test_spelling_of_a_number_is_its_value_and_its_own_spelling(written):
    # when
    spelling = canonical_number(written)

    # then
    assert Decimal(spelling) == Decimal(written)
    assert canonical_number(spelling) == spelling
    assert decimals(spelling) == Decimal(written)


@given(NUMBERS, st.integers(0, 5), st.integers(-3, 3))
def test_equal_numbers_have_one_spelling(written, zeros, power):
    # given the same number with its point moved, and trailing zeros
    number = Decimal(written)
    with localcontext(prec=300):
        moved = f"{number.scaleb(power):f}"
    other = f"{moved}{'.' if '.' not in moved else ''}{'0' * (zeros + 1)}e{-power}"

    # then
    assert Decimal(other) == number
    assert canonical_number(other) == canonical_number(written)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
        lambda values: st.lists(values, max_size=4) | st.dictionaries(st.text(), values, max_size=4),
        max_leaves=12,
    )
)
def test_spelling_of_a_value_is_the_value(value):
    # when
    spelling = canonical_text(value)

    # then
    assert decimals(spelling) == decimals(json.dumps(value))
    assert canonical_text(json.loads(spelling, parse_int=Number, parse_float=Number)) == spelling
