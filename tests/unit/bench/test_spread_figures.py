"""What follows from the figures of the bench of both engines."""

import pytest

from bench.spread_figures import MERGE, POLARS, REPORT, SPARK, Cost, Measured, fitted, most_rows, verdict

SIZES = ((1_000_000, 10_000), (5_000_000, 50_000), (5_000_000, 500_000), (20_000_000, 200_000))


def measured(
    processor: Cost, memory: Cost, step: str = MERGE, engine: str = POLARS, sizes: tuple[tuple[int, int], ...] = SIZES
) -> list[Measured]:
    return [
        Measured(step, engine, rows, changed, rows * 10, 0, 1, processor.of(rows, changed), memory.of(rows, changed))
        for rows, changed in sizes
    ]


@pytest.mark.parametrize(
    "cost",
    [
        Cost(2.0, 5e-6, 1e-7),
        Cost(0.5, 0.0, 4e-7),
        Cost(3.0, 2e-5, 0.0),
        Cost(7.0, 0.0, 0.0),
    ],
)
def test_cost_is_found_again_from_what_it_gives(cost):
    found = fitted(measured(cost, Cost(1, 0, 0)), lambda each: each.processor_seconds)

    assert (found.constant, found.changed, found.rows) == pytest.approx(
        (cost.constant, cost.changed, cost.rows), rel=1e-6, abs=1e-12
    )


def test_no_part_of_a_cost_is_negative():
    # given a large table that cost less than a small one
    figures = measured(Cost(9.0, 0, -4e-7), Cost(1, 0, 0))

    # when
    found = fitted(figures, lambda each: each.processor_seconds)

    # then
    assert min(found.constant, found.changed, found.rows) >= 0


def test_largest_table_leaves_room_for_the_rows_that_are_merged():
    assert most_rows(Cost(2_000, 1e-3, 1e-5), 1_000_000) == pytest.approx((12_000 - 2_000 - 1_000) / 1e-5)


def test_memory_that_does_not_grow_holds_any_table():
    assert most_rows(Cost(500, 1e-3, 0), 500_000) == float("inf")


def test_last_lines_say_how_large_a_table_one_worker_holds():
    # given a report that holds 1 GB and 10 GB for each 100 million rows, of which it reads 10 bytes each
    figures = measured(Cost(1, 0, 1e-6), Cost(1_000, 0, 1e-4), REPORT)

    # then
    assert verdict(figures)[-1] == (
        "report by polars: holds 12 GB, which a worker G.1X of 16 GB leaves it, at 110 million rows, "
        "of which it reads 1.1 GB"
    )


def test_an_engine_that_failed_at_most_sizes_is_left_out():
    figures = [
        *measured(Cost(1, 0, 1e-6), Cost(1_000, 0, 1e-4)),
        *measured(Cost(1, 0, 1e-6), Cost(1_000, 0, 1e-4), engine=SPARK, sizes=SIZES[:1]),
    ]
    assert not any("spark" in line for line in verdict(figures))
