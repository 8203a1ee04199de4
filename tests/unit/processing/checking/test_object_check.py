"""The results do not depend on how an object is divided into batches, and equal dataframely's own."""

import random
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import dataframely as dy
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from processing.checking import batch_check, bloom_filter, repeated_hashes, spill, uniqueness
from processing.checking.object_check import REFUSED, RULES, CheckedObject, RepeatTooFarError
from processing.checking.rules import UnsupportedRuleError, row_rules
from processing.checking.single_keys import ROWS_HELD
from processing.cleansing.routine import Routine
from processing.declaring.dataset import Dataset, SftpSource, StreamSource
from processing.readers.records import (
    DELETED,
    LINE,
    ORIGINAL,
    STRUCTURE_REASON,
    STRUCTURE_RULE,
    Batch,
    RecordStream,
)


class Visits(dy.Schema):
    """A key of two columns, and a rule of every kind."""

    shop = dy.String(primary_key=True, regex="^[a-c]$")
    number = dy.Int64(primary_key=True, min=1)
    guests = dy.Int64(nullable=True, min=0, max=9)
    paid = dy.String(regex="^(yes|no)$")

    @dy.rule()
    def somebody_paid(cls) -> pl.Expr:  # noqa: N805 - dataframely passes the schema's class
        """Require a weight if there are guests."""
        return (cls.guests.col > 0) | (cls.paid.col == "no")


VISITS = Dataset(
    name="visits",
    schema=Visits,
    source=SftpSource("carrier", "outgoing", "*.csv", schedule="rate(1 day)"),
    owner="logistics",
    freshness=timedelta(hours=1),
)
EVENTS = replace(VISITS, source=StreamSource(repeats_differ_in=("paid",), receipt_order=("guests", "paid")))
"""The same as a stream: the first row of a key counts, in an order other than that of the lines."""
COLUMNS = Visits.column_names()
CHOICES = {
    "shop": ["a", "b", "b", "z", None],
    "number": ["1", "2", "3", "0", "x", "01", None],
    "guests": ["0", "4", "12", None, "four"],
    "paid": ["yes", "no", "maybe", None],
}


def original(lines: pl.Series) -> pl.Series:
    return pl.Series([f"line {line}" for line in lines], dtype=pl.String)


def records(rows: int, seed: int) -> pl.DataFrame:
    choose = random.Random(seed).choice  # noqa: S311 - test data
    values = {name: [choose(choices) for _ in range(rows)] for name, choices in CHOICES.items()}
    broken = [choose([None] * 9 + ["field_count"]) for _ in range(rows)]
    frame = pl.DataFrame(
        {LINE: range(2, rows + 2), STRUCTURE_RULE: broken, STRUCTURE_REASON: broken, **values},
        schema={LINE: pl.Int64, **dict.fromkeys((STRUCTURE_RULE, STRUCTURE_REASON, *COLUMNS), pl.String)},
    )
    whole = pl.col(STRUCTURE_RULE).is_null()
    return frame.with_columns(pl.when(whole).then(pl.col(name)).alias(name) for name in COLUMNS)


def checked(
    frame: pl.DataFrame, batch_rows: int, folder, dataset=VISITS, rows_held=ROWS_HELD
) -> tuple[pl.DataFrame, pl.DataFrame, int]:
    batches = (Batch(frame[start : start + batch_rows], original) for start in range(0, frame.height, batch_rows))
    outcome = CheckedObject(dataset, RecordStream("", COLUMNS, batches), folder, rows_held=rows_held)
    clean = pl.concat([pl.DataFrame(schema=outcome.schema), *outcome.clean()])
    quarantined = pl.concat([pl.DataFrame(schema=REFUSED), *outcome.quarantined()])
    outcome.check_accounting()
    return clean, quarantined, outcome.duplicates


@pytest.fixture
def folder(tmp_path_factory):
    return lambda: tmp_path_factory.mktemp("spill")


@pytest.mark.parametrize(
    ("dataset", "seed"),
    [
        (VISITS, 0),
        (EVENTS, 0),
        *(pytest.param(dataset, seed, marks=pytest.mark.long) for dataset in (VISITS, EVENTS) for seed in range(1, 12)),
    ],
)
@pytest.mark.parametrize("batch_rows", [1, 7, 60])
def test_the_verdicts_are_the_same_however_the_object_is_cut(seed, batch_rows, dataset, folder):
    # given
    frame = records(200, seed)

    # when
    whole, pieces = checked(frame, 200, folder(), dataset), checked(frame, batch_rows, folder(), dataset)

    # then
    assert_frame_equal(whole[0], pieces[0])
    assert_frame_equal(whole[1], pieces[1])
    assert whole[2] == pieces[2] > 0


@pytest.mark.parametrize(
    ("dataset", "seed"),
    [
        (VISITS, 0),
        (EVENTS, 0),
        *(pytest.param(dataset, seed, marks=pytest.mark.long) for dataset in (VISITS, EVENTS) for seed in range(1, 4)),
    ],
)
def test_verdicts_are_the_same_with_little_memory(seed, dataset, folder, monkeypatch):
    # given
    frame = records(300, seed)
    at_once = checked(frame, 20, folder(), dataset)

    # when
    monkeypatch.setattr(repeated_hashes, "HASHES_AT_ONCE", 7)
    monkeypatch.setattr(uniqueness, "ROWS_AT_ONCE", 5)
    monkeypatch.setattr(spill, "_ROWS_IN_PART", 50)
    in_shares = checked(frame, 20, folder(), dataset)

    # then
    assert_frame_equal(at_once[0], in_shares[0])
    assert_frame_equal(at_once[1], in_shares[1])
    assert at_once[2] == in_shares[2]


@pytest.mark.parametrize("dataset", [VISITS, EVENTS], ids=["rows", "events"])
def test_verdicts_are_the_same_with_few_rows_held(dataset, folder, monkeypatch):
    monkeypatch.setattr(bloom_filter, "_BITS", 20)
    outcomes = Counter()
    for seed in range(12):
        # given rows of which most have a key of their own, and the others are up to 30 rows away
        numbers = random.Random(seed).choices(range(-25, 2), k=300)  # noqa: S311 - test data
        number = [str(max(1, row + near)) for row, near in enumerate(numbers)]
        frame = records(300, seed).with_columns(pl.Series("number", number))
        at_once = checked(frame, 300, folder(), dataset)

        # when
        rows_held = 5 if seed % 2 else 40
        try:
            clean, quarantined, duplicates = checked(frame, 7, folder(), dataset, rows_held)
        except RepeatTooFarError:
            outcomes["too far"] += 1
            continue

        # then
        assert_frame_equal(at_once[0], clean.sort(LINE))
        assert_frame_equal(at_once[1], quarantined.sort(LINE))
        assert at_once[2] == duplicates
        outcomes["not in order" if clean[LINE].to_list() != sorted(clean[LINE]) else "in order"] += 1
    assert outcomes["too far"] >= 3
    assert outcomes["not in order"] >= 3


@pytest.mark.parametrize("seed", range(2))
def test_first_of_different_events_with_one_key_is_clean(seed, folder):
    # given the rows that break no rule of their own
    frame = records(300, seed)
    sound = batch_check.BatchCheck(EVENTS)(Batch(frame, original)).clean

    # when
    clean, quarantined, _ = checked(frame, 20, folder(), EVENTS)

    # then the first row of each key in the order of receipt, then by line, is clean
    first, contested, seen = {}, set(), set()
    for row in sound.sort("guests", "paid", LINE).rows(named=True):
        key, values = (row["shop"], row["number"]), (row["shop"], row["number"], row["guests"])
        if first.setdefault(key, row[LINE]) != row[LINE] and values not in seen:
            contested.add(row[LINE])
        seen.add(values)
    assert sorted(clean[LINE]) == sorted(first.values())
    assert set(quarantined.filter(pl.col(RULES) == ["primary_key"])[LINE]) == contested
    assert contested


@pytest.mark.parametrize("dataset", [VISITS, EVENTS], ids=["rows", "events"])
def test_rows_whose_hashes_agree_by_chance_are_told_apart(dataset, folder, monkeypatch):
    # given
    frame = records(200, 1)
    expected = checked(frame, 20, folder(), dataset)

    # when all hashes are the same
    monkeypatch.setattr(batch_check.BatchCheck, "_key_hash", lambda _: pl.lit(7, pl.UInt64).alias(batch_check.HASH))
    refused = batch_check.BatchCheck._refused
    monkeypatch.setattr(
        batch_check.BatchCheck,
        "_refused",
        lambda check, typed: refused(check, typed).with_columns(pl.lit(7, pl.UInt64).alias(batch_check.HASH)),
    )
    collided = checked(frame, 20, folder(), dataset)

    # then
    assert_frame_equal(expected[0], collided[0])
    assert_frame_equal(expected[1], collided[1])
    assert expected[2] == collided[2]


@pytest.mark.parametrize("seed", range(6))
def test_the_verdicts_are_those_of_dataframelys_own_filter(seed, folder):
    # given different rows whose text has the declared types
    typed = {
        "number": pl.col("number").cast(pl.Int64, strict=False),
        "guests": pl.col("guests").cast(pl.Int64, strict=False),
    }
    convertible = [pl.col(name).is_null() | expression.is_not_null() for name, expression in typed.items()]
    frame = (
        records(400, seed)
        .filter(pl.col(STRUCTURE_RULE).is_null(), *convertible)
        .with_columns(**{name: expression.cast(pl.String) for name, expression in typed.items()})
        .unique(COLUMNS, keep="first", maintain_order=True)
    )

    # when
    clean, quarantined, _ = checked(frame, 9, folder())

    # then
    rows = frame.with_columns(**typed)
    good, failure = Visits.filter(rows.select(COLUMNS))
    assert_frame_equal(clean.select(COLUMNS), good)
    details = failure.details()
    names = [name for name in details.columns if name not in COLUMNS]
    keyless = [row["shop"] is None or row["number"] is None for row in details.iter_rows(named=True)]
    expected = [
        {name for name in names if row[name] == "invalid" and not (name == "primary_key" and has_no_key)}
        for row, has_no_key in zip(details.iter_rows(named=True), keyless, strict=True)
    ]
    assert [set(broken) for broken in quarantined[RULES]] == expected


def test_contested_row_keeps_its_text_after_its_batch(folder):
    # given the two rows of one key in distant batches
    frame = records(40, 3).with_columns(
        pl.lit(None, pl.String).alias(STRUCTURE_RULE),
        shop=pl.lit("a"),
        number=pl.col(LINE).cast(pl.String),
        guests=pl.lit("1"),
        paid=pl.lit("no"),
    )
    last = frame.tail(1).with_columns(number=pl.lit("2"), guests=pl.lit("2"))

    # when
    _, quarantined, _ = checked(pl.concat([frame.head(39), last]), 10, folder())

    # then
    assert quarantined.select(LINE, ORIGINAL, RULES).rows() == [
        (2, "line 2", ["primary_key"]),
        (41, "line 41", ["primary_key"]),
    ]


def test_a_row_that_its_source_has_no_more_says_so(folder):
    # given
    frame = records(1, 1).with_columns(shop=pl.lit("a"), number=pl.lit("1"), guests=None, paid=pl.lit("no"))
    frame = frame.with_columns(pl.lit(value=True).alias(DELETED), pl.lit(None, pl.String).alias(STRUCTURE_RULE))

    # then
    assert checked(frame, 1, folder())[0][DELETED].to_list() == [True]


@pytest.mark.parametrize(
    "rule",
    [
        pl.col("number").is_unique(),
        pl.col("number") < pl.col("number").max(),
        pl.len().over("shop") < 3,
        pl.col("number").shift(1) < pl.col("number"),
    ],
    ids=["is_unique", "aggregate", "over", "shift"],
)
def test_rule_about_several_rows_is_refused_with_the_next_step(rule):
    # given
    schema = type("Groups", (Visits,), {"looks_around": dy.rule()(lambda _: rule)})

    # when, then
    with pytest.raises(UnsupportedRuleError, match="rule looks_around of schema Groups uses more than one row"):
        row_rules(schema)


def test_value_refused_by_a_routine_is_quarantined_by_its_name(folder):
    # given a routine that knows yes and no
    routine = Routine(
        "yes_or_no", "Lets yes and no through.", lambda text: pl.when(text != "maybe").then(text), "yes or no"
    )
    dataset = replace(VISITS, cleansing={"paid": (routine,)})
    frame = records(3, 1).with_columns(
        pl.lit(None, pl.String).alias(STRUCTURE_RULE), shop=pl.lit("a"), number=pl.lit("1"), guests=pl.lit("1")
    )
    frame = frame.with_columns(paid=pl.Series(["maybe", "maybe", "yes"]))

    # when
    outcome = CheckedObject(dataset, RecordStream("", COLUMNS, iter([Batch(frame, original)])), folder())
    assert not pl.concat(outcome.clean()).height

    # then the second is a duplicate of the first, and the third has their key
    (quarantined,) = outcome.quarantined()
    assert quarantined.select(LINE, RULES).rows() == [(2, ["paid|yes_or_no", "primary_key"]), (4, ["primary_key"])]
    assert "paid is not yes or no" in quarantined["_reason"][0]
    assert outcome.duplicates == 1
