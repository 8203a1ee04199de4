"""Which texts have the plain form of a time, judged independently by Python's regular expressions."""

import random
import re
from typing import Final

import polars as pl

from processing.checking.plain_times import have_plain_form

_SEED: Final = 20_261_129
_PLAIN: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-5][0-9]")


def test_form_is_that_of_the_pattern_whatever_one_byte_becomes():
    time = "2026-01-05 10:00:00"
    texts = [time[:place] + chr(code) + time[place + 1 :] for place in range(len(time)) for code in range(128)]

    verdicts = have_plain_form(pl.Series(texts))

    assert verdicts.to_list() == [_PLAIN.fullmatch(text) is not None for text in texts]


def test_form_is_judged_row_by_row_across_many_rows():
    chance = random.Random(_SEED)  # noqa: S311 - repeatable, not secret
    kinds = [
        "2026-01-05 10:00:00",
        "2026-01-05 10:00:00.5",
        "2026-01-05T10:00:00",
        "é026-01-05 10:00:0",
        None,
        "",
        "2026-99-99 99:99:60",
    ]
    texts = [chance.choice(kinds) for _ in range(200_000)]

    verdicts = have_plain_form(pl.Series(texts, dtype=pl.String))

    assert verdicts.to_list() == [text is not None and _PLAIN.fullmatch(text) is not None for text in texts]
