"""Texts that are nearly values of a type, judged by Python's own parsers."""

import random
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import polars as pl

from processing.checking.conversion import converted

_FIRST: Final = datetime(1, 1, 1, tzinfo=UTC)
_CHARACTERS: Final = (*"0123456789-+:. TZeE,_", "\u0663", "\uff11", "")


def differences(made: random.Random, cases: int) -> list[str]:
    """Convert texts of each type.

    Args:
        made: the source of the texts.
        cases: number of texts, divided among the types.

    Returns:
        A sentence for each text that Python reads as another value, or refuses while it is accepted.
    """
    found: list[str] = []
    for kind, (text_of, value_of) in _TYPES.items():
        texts = [_mutated(made, text_of(made)) for _ in range(max(1, cases // len(_TYPES)))]
        frame = pl.DataFrame({"x": texts}, schema={"x": pl.String})
        read = frame.select(converted("x", kind)).to_series().to_list()
        found += [
            f"{kind}: {text!r} is {value!r}, expected {value_of(text)!r}"
            for text, value in zip(texts, read, strict=True)
            if value != value_of(text)
        ]
    return found


def _mutated(made: random.Random, text: str) -> str:
    characters = [*text]
    for _ in range(made.choice([0, 0, 1, 1, 2, 3])):
        place = made.randrange(len(characters) + 1)
        characters[place : place + made.randrange(2)] = made.choice(_CHARACTERS)
    return "".join(characters)


def _moment(made: random.Random) -> datetime:
    seconds = made.randrange(int(timedelta(days=3_652_058).total_seconds()))
    return _FIRST + timedelta(seconds=seconds, microseconds=made.choice([0, 0, 120_000, made.randrange(10**6)]))


def _time_text(made: random.Random) -> str:
    return _moment(made).replace(tzinfo=None).isoformat(" ")


def _utc_text(made: random.Random) -> str:
    offset = made.choice(["Z", "+00:00", "+05:30", "-0800", "+14:00", "-23:59"])
    return _moment(made).replace(tzinfo=None).isoformat("T") + offset


def _date_text(made: random.Random) -> str:
    return _moment(made).date().isoformat()


def _number_text(made: random.Random) -> str:
    whole = str(made.randrange(10 ** made.randrange(1, 21)))
    fraction = f".{made.randrange(1000):0{made.randrange(1, 4)}d}" if made.random() < 0.6 else ""
    return made.choice(["", "-", "+"]) + whole + fraction


def _time_of(text: str) -> datetime | None:
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6}0*)?", text):
        return None
    return _parsed(datetime.fromisoformat, text)


def _utc_of(text: str) -> datetime | None:
    form = r"[0-9-]{10}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6}0*)?(Z|[+-][0-9]{2}(:?[0-5][0-9])?)"
    if not re.fullmatch(form, text):
        return None
    moment = _parsed(datetime.fromisoformat, text)
    return None if moment is None else _parsed(lambda each: each.astimezone(UTC), moment)


def _date_of(text: str) -> date | None:
    return _parsed(date.fromisoformat, text) if re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", text) else None


def _decimal_of(text: str) -> Decimal | None:
    number = Decimal(text) if re.fullmatch(r"[+-]?[0-9]+(\.[0-9]{0,2})?", text) else None
    return number if number is not None and abs(number) < Decimal(10) ** 16 else None


def _integer_of(text: str) -> int | None:
    number = int(text) if re.fullmatch("[+-]?[0-9]+", text) else None
    return number if number is not None and -(2**63) <= number < 2**63 else None


def _parsed(parse: Callable[[Any], Any], value: object) -> Any:
    try:
        return parse(value)
    except (ValueError, OverflowError):
        return None


_TYPES: Final[Mapping[pl.DataType, tuple[Callable[[random.Random], str], Callable[[str], object]]]] = {
    pl.Date(): (_date_text, _date_of),
    pl.Datetime("us"): (_time_text, _time_of),
    pl.Datetime("us", "UTC"): (_utc_text, _utc_of),
    pl.Decimal(18, 2): (_number_text, _decimal_of),
    pl.Int64(): (_number_text, _integer_of),
}
