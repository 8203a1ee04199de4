"""Which texts are values of a declared type. Python's own parsers are the independent judges."""

import random
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Final, Literal

import polars as pl
import pytest

from processing.checking.conversion import converted, type_name

_SEED: Final = 20_261_128
_CASES: Final = 300
_UNITS: Final[tuple[Literal["ms", "us", "ns"], ...]] = ("ms", "us", "ns")


def _convert(texts: list[str], data_type: pl.DataType) -> pl.Series:
    return pl.DataFrame({"value": texts}, schema={"value": pl.String}).select(converted("value", data_type))["value"]


def _accepted(text: str, data_type: pl.DataType) -> bool:
    return _convert([text], data_type).null_count() == 0


@pytest.mark.parametrize(
    "text", ["26-01-05", "5-1-26", "226-01-05", "-2026-01-05", "+12026-01-05", "12026-01-05", "2026-1-5", "0000-01-01"]
)
def test_date_of_another_form_is_refused(text: str):
    assert not _accepted(text, pl.Date())


@pytest.mark.parametrize("text", ["0001-01-01", "2026-02-28", "9999-12-31"])
def test_date_is_the_one_that_python_reads(text: str):
    assert _convert([text], pl.Date()).item() == date.fromisoformat(text)


@pytest.mark.parametrize(
    "text",
    [
        "26-01-05 10:00:00",
        "2026-1-5 1:2:3",
        "2019-03-205:57:13",
        " 2026-01-5 10:00:00",
        "2026-01-05 10:00",
        "2026-01-05T10:00:00",
        "2026-01-05 24:00:00",
        "2026-01-05 23:59:60",
        "2026-01-05 23:59:60.5",
        "2026-01-05 10:00:00.",
        "2026-01-05 10:00:00,5",
        "2026-01-05 10:00:00+01:00",
        "12026-01-05 10:00:00",
        "0000-12-31 23:59:59",
        "2026-02-29 10:00:00",
    ],
)
@pytest.mark.parametrize("unit", _UNITS)
def test_time_of_another_form_is_refused(text: str, unit: Literal["ms", "us", "ns"]):
    assert not _accepted(text, pl.Datetime(unit))


@pytest.mark.parametrize(("unit", "digits"), [("ms", 3), ("us", 6), ("ns", 9)])
def test_fraction_finer_than_the_unit_is_refused(unit: Literal["ms", "us", "ns"], digits: int):
    exact, finer = f"2026-01-05 10:00:00.{'1' * digits}", f"2026-01-05 10:00:00.{'1' * (digits + 1)}"

    assert _accepted(exact, pl.Datetime(unit))
    assert not _accepted(finer, pl.Datetime(unit))


@pytest.mark.parametrize("unit", _UNITS)
def test_zeros_beyond_the_unit_are_accepted(unit: Literal["ms", "us", "ns"]):
    texts = ["2026-01-05 10:00:00.1230000", f"2026-01-05 10:00:00.123{'0' * 20}"]

    read = _convert(texts, pl.Datetime(unit))

    assert read.dt.epoch("ms").to_list() == [1_767_607_200_123] * 2


@pytest.mark.parametrize(
    "text", ["0001-01-01 00:00:00", "1600-01-01 00:00:00", "2262-04-12 00:00:00", "9999-12-31 23:59:59"]
)
def test_time_beyond_nanoseconds_is_refused_in_a_nanosecond_column(text: str):
    assert not _accepted(text, pl.Datetime("ns"))
    assert not _accepted(text.replace(" ", "T") + "Z", pl.Datetime("ns", "UTC"))
    assert _convert([text], pl.Datetime("us")).item() == datetime.fromisoformat(text)


@pytest.mark.parametrize("text", ["1677-09-21 00:12:43.145224193", "2262-04-11 23:47:16.854775807"])
def test_first_and_last_nanosecond_are_exact(text: str):
    read = _convert([text], pl.Datetime("ns"))

    assert read.dt.to_string("%Y-%m-%d %H:%M:%S%.9f").item() == text


@pytest.mark.parametrize(
    "text",
    [
        "26-01-05T10:00:00Z",
        "2026-01-05T10:00:00",
        "2026-01-05 10:00:00Z",
        "2026-01-05T10:00:60Z",
        "2026-01-05T10:00:00+24:00",
        "2026-01-05T10:00:00+05:60",
        "2026-01-05T10:00:00.1234567Z",
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-01:00",
    ],
)
def test_time_with_offset_of_another_form_is_refused(text: str):
    assert not _accepted(text, pl.Datetime("us", "UTC"))


@pytest.mark.parametrize(
    "text", ["2026-01-05T10:00:00Z", "2026-01-05T10:00:00.123456+05:30", "2026-03-29T02:30:00-0100"]
)
def test_offset_is_applied(text: str):
    assert _convert([text], pl.Datetime("us", "UTC")).item() == datetime.fromisoformat(text).astimezone(UTC)


def _mutated_times(made: random.Random) -> Iterator[str]:
    """Times with up to three characters changed, inserted or removed."""
    seconds = int(timedelta(days=3_652_000).total_seconds())
    for _ in range(_CASES):
        moment = datetime(1, 1, 1, tzinfo=UTC) + timedelta(seconds=made.randrange(seconds), microseconds=123_456)
        text = list(
            moment.replace(tzinfo=None).isoformat(" ", made.choice(["seconds", "milliseconds", "microseconds"]))
        )
        for _ in range(made.randrange(4)):
            place = made.randrange(len(text))
            text[place : place + made.randrange(2)] = made.choice(["", "0", "1", "9", ":", "-", " ", ".", "+", "T"])
        yield "".join(text)


def _read_by_python(text: str) -> datetime | None:
    """Python reads more forms, so a text has to have the documented one."""
    if not re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,6}0*)?", text, re.ASCII):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def test_mutated_times_are_read_as_by_python():
    texts = [*_mutated_times(random.Random(_SEED))]  # noqa: S311 - not for cryptography
    expected = [_read_by_python(text) for text in texts]

    assert _convert(texts, pl.Datetime("us")).to_list() == expected
    assert 0 < expected.count(None) < _CASES


def test_reason_says_how_many_digits_a_decimal_may_have():
    assert type_name(pl.Decimal(18, 2)) == "a number with at most 16 digits before the decimal point and 2 after it"
