"""Rows are yielded early only if their hash occurs once, or the object reports that a repeat was missed."""

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl
import pytest

from processing.checking import bloom_filter, single_keys
from processing.checking.batch_check import HASH, CheckedBatch
from processing.checking.single_keys import SingleKeys
from processing.checking.spill import Spill
from processing.readers.records import LINE

Read = tuple[int, int, bool]
"""Line, hash, and whether the row is refused."""


def spread(number: int) -> int:
    """A hash, because the filter requires that hashes differ in their first bits."""
    return number * 0x9E3779B97F4A7C15 % 2**64


def batches(rows: Sequence[Read], size: int) -> Iterator[CheckedBatch]:
    frame = pl.DataFrame(rows, schema={LINE: pl.Int64, HASH: pl.UInt64, "refused": pl.Boolean}, orient="row")
    for rows_ in frame.iter_slices(size):
        refused = rows_.filter("refused").drop("refused")
        yield CheckedBatch(rows_.drop("refused"), ~rows_["refused"], refused, rows_.clear().select(LINE))


def divided(rows: Sequence[Read], size: int, rows_held: int, folder: Path) -> tuple[list[int], list[int], bool]:
    """The lines that are yielded, those that are spilled, and whether a repeat was missed."""
    with Spill(folder) as spill:
        keys = SingleKeys(spill, folder, rows_held)
        yielded = [line for frame in keys.yielded(batches(rows, size)) for line in frame[LINE]]
    spilled = [line for part in spill.parts for frame in (part.clean(), part.refused()) for line in frame[LINE]]
    return yielded, spilled, keys.repeat_was_missed()


def random_rows(seed: int) -> list[Read]:
    """Rows of which a few repeat the hash of an earlier row, at a random distance."""
    random_ = random.Random(seed)  # noqa: S311 - test data
    rows: list[Read] = []
    for line in range(random_.randrange(1, 150)):
        repeats = rows and random_.random() < random_.choice([0.02, 0.2])
        distance = random_.randint(1, min(random_.choice([5, 100]), len(rows))) if repeats else 0
        hash_ = rows[-distance][1] if repeats else random_.getrandbits(64)
        rows.append((line, hash_, random_.random() < 0.1))
    return rows


@pytest.mark.parametrize("hashes_at_once", [1_000_000, 3])
def test_yielded_row_occurs_once_or_its_repeat_is_reported(hashes_at_once: int, tmp_path_factory, monkeypatch):
    monkeypatch.setattr(single_keys, "HASHES_AT_ONCE", hashes_at_once)
    monkeypatch.setattr(bloom_filter, "_BITS", 20)
    outcomes = Counter()
    for seed in range(80):
        # given
        rows = random_rows(seed)
        size, rows_held = random.Random(seed).choice([(1, 1), (1, 20), (7, 10), (20, 30), (200, 1)])  # noqa: S311

        # when
        yielded, spilled, was_missed = divided(rows, size, rows_held, tmp_path_factory.mktemp("keys"))

        # then every row is in one place, refused rows are spilled, and only missed repeats are reported
        assert sorted(yielded + spilled) == [line for line, _, _ in rows]
        assert yielded == sorted(yielded)
        assert {line for line, _, is_refused in rows if is_refused} <= set(spilled)
        times = Counter(hash_ for _, hash_, _ in rows)
        assert was_missed == any(times[rows[line][1]] > 1 for line in yielded)
        outcomes[bool(yielded), was_missed] += 1
    assert outcomes[True, False] > 10
    assert outcomes[True, True] > 10


def test_repeat_within_the_held_rows_is_not_missed(tmp_path):
    # given the same hash 30 rows apart, and 30 rows held
    rows = [(line, spread(40 if line == 70 else line), False) for line in range(100)]

    # when
    yielded, spilled, was_missed = divided(rows, 10, 30, tmp_path)

    # then
    assert not was_missed
    assert spilled == [40, 70]
    assert len(yielded) == 98


def test_object_of_few_rows_is_spilled_in_its_order(tmp_path):
    assert divided([(line, spread(line), False) for line in range(30)], 7, 30, tmp_path) == ([], list(range(30)), False)
