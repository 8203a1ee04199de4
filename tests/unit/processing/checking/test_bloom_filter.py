"""The filter reports every hash that it has seen, and few others. A set of Python's is the measure."""

import random
from collections import Counter

import polars as pl
import pytest

from processing.checking.bloom_filter import BloomFilter

MOST_FALSE_REPORTS = 0.01


def series(hashes: list[int]) -> pl.Series:
    return pl.Series(hashes, dtype=pl.UInt64)


@pytest.mark.parametrize("seed", range(5))
def test_every_repeated_hash_is_reported(seed: int):
    # given batches of hashes, some from earlier batches and some next to each other
    random_ = random.Random(seed)  # noqa: S311 - test data
    known = [random_.getrandbits(64) for _ in range(2_000)]
    neighbours = [hash_ ^ 1 << random_.randrange(40) for hash_ in known]
    bloom_filter, seen = BloomFilter(), set()

    for _ in range(20):
        batch = random_.choices(known + neighbours, k=random_.choice([0, 1, 300]))

        # when
        reported = set(bloom_filter.add(series(batch)))

        # then
        repeated = {hash_ for hash_, times in Counter(batch).items() if times > 1 or hash_ in seen}
        assert repeated <= reported <= set(batch)
        seen.update(batch)


def test_few_new_hashes_are_reported():
    # given
    random_ = random.Random(1)  # noqa: S311 - test data
    bloom_filter = BloomFilter()

    # when
    reported = [bloom_filter.add(series([random_.getrandbits(64) for _ in range(100_000)])) for _ in range(10)]

    # then
    assert sum(map(len, reported)) / 1_000_000 < MOST_FALSE_REPORTS
