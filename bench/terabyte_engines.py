"""What merges and reports take and cost on Glue, by polars on the driver and by Spark on all workers: a model.

Its constants are the figures of `make bench NAME=spread`, which one machine gave. Nothing of it was measured on AWS.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from bench.spread_figures import (
    MERGE,
    POLARS,
    REPORT,
    SPARK,
    USABLE_GIGABYTES,
    WORKER_CORES,
    WORKER_GIGABYTES,
    Cost,
    Measured,
    bytes_of_a_row,
    cores,
    load,
    median_start,
    megabytes,
    most_rows,
    processor_seconds,
)
from processing.publishing.history import ROWS_AT_ONCE

GLUE_UNIT_HOUR: Final = 0.44
"""USD, eu-west-1. aws.amazon.com/glue/pricing/, as read in October 2026, and AWS's price list of November 2024."""
SHORTEST_BILLED_SECONDS: Final = 60
"""Of a job's run: the same page."""
FEWEST_WORKERS: Final = 2
"""Of a run, the driver among them: docs.aws.amazon.com/glue/latest/dg/add-job.html."""
MOST_WORKERS: Final = 100
"""That the setting `jobs.numberOfWorkers` takes."""
CHANGED: Final = 0.01
"""Share of a table's rows that a merge brings."""
SIZES: Final = (10**6, 10**7, 10**8, 10**9, 10**10)
_LARGEST: Final = 10**13


@dataclass(frozen=True, slots=True)
class Assumed:
    """What the model cannot know without a run on AWS."""

    busy: float = 0.7
    """Share of the executors' vCPUs that work at once."""
    runs: int = 24
    """Merges of a day."""
    reports: int = 6
    """Reports of a day, each over the whole table: as many as the sample has."""
    text_bytes: float = 66.7
    """Of a row: `make bench NAME=warehouse` prints that 6,000,000 rows are 400 MB of CSV."""


@dataclass(frozen=True, slots=True)
class Work:
    """A merge or a report."""

    step: str
    rows: float
    """Of the table."""
    changed: float = 0
    """Rows that are merged."""


@dataclass(frozen=True, slots=True)
class Run:
    """What a run takes and costs."""

    seconds: float
    workers: int

    @property
    def dollars(self) -> float:
        """Of workers G.1X, one unit each."""
        return self.workers * max(SHORTEST_BILLED_SECONDS, self.seconds) / 3600 * GLUE_UNIT_HOUR


class Model:
    """The model, from some figures."""

    def __init__(self, measured: Sequence[Measured] | None = None, assumed: Assumed | None = None) -> None:
        self._measured, self.assumed = load() if measured is None else measured, assumed or Assumed()

    def by_polars(self, work: Work) -> Run:
        """On the driver alone. The other worker is billed, since Glue has no run with fewer than two."""
        cost = self._processor(work.step, POLARS)
        batches = max(1, math.ceil(work.changed / ROWS_AT_ONCE))
        seconds = batches * cost.of(work.rows, 0) + cost.changed * work.changed
        return Run(seconds / min(WORKER_CORES, cores(self._measured, work.step, POLARS)), FEWEST_WORKERS)

    def by_spark(self, work: Work, workers: int) -> Run:
        """On so many workers, the driver among them. What does not grow with the rows is the driver's."""
        cost = self._processor(work.step, SPARK)
        spread = cost.of(work.rows, work.changed) - cost.constant
        own = median_start(self._measured) + cost.constant / cores(self._measured, work.step, SPARK)
        return Run(own + spread / ((workers - 1) * WORKER_CORES * self.assumed.busy), workers)

    def cheapest_spark(self, work: Work) -> Run:
        """With the number of workers that costs least; the most workers of those that cost the same."""
        runs = (self.by_spark(work, workers) for workers in range(FEWEST_WORKERS, MOST_WORKERS + 1))
        return min(runs, key=lambda each: (round(each.dollars, 4), -each.workers))

    def gigabytes(self, work: Work) -> float:
        """Memory that polars holds."""
        return self._memory(work.step).of(work.rows, min(work.changed, ROWS_AT_ONCE)) / 1000

    def held(self, work: Work) -> bool:
        """Whether one worker holds it."""
        return self.gigabytes(work) <= USABLE_GIGABYTES

    def cheaper_from(self, step: str) -> float:
        """Rows of the smallest table from which Spark costs less; infinite if there is none."""
        return _first(lambda rows: self._spark_is_cheaper(work_of(step, rows)))

    def only_from(self, step: str) -> float:
        """Rows of the smallest table that polars cannot do on one worker, for its memory."""
        return _first(lambda rows: not self.held(work_of(step, rows)))

    def bytes_read(self, step: str) -> float:
        """Stored bytes that a step reads of a row."""
        return bytes_of_a_row(self._measured, step)

    def _spark_is_cheaper(self, work: Work) -> bool:
        return self.cheapest_spark(work).dollars < self.by_polars(work).dollars

    def _processor(self, step: str, engine: str) -> Cost:
        return self._fitted[step, engine]

    def _memory(self, step: str) -> Cost:
        return self._fitted_memory[step]

    @cached_property
    def _fitted(self) -> dict[tuple[str, str], Cost]:
        pairs = ((step, engine) for step in (MERGE, REPORT) for engine in (POLARS, SPARK))
        return {pair: processor_seconds(self._measured, *pair) for pair in pairs}

    @cached_property
    def _fitted_memory(self) -> dict[str, Cost]:
        return {step: megabytes(self._measured, step, POLARS) for step in (MERGE, REPORT)}


def work_of(step: str, rows: float) -> Work:
    """A report over a table, or a merge that brings a hundredth of its rows."""
    return Work(step, rows, rows * CHANGED if step == MERGE else 0)


def _first(holds: Callable[[float], bool]) -> float:
    """The smallest number of rows, to two digits, from which something holds; infinite if it never does."""
    for power in range(4, round(math.log10(_LARGEST))):
        for tenths in range(10, 100):
            if holds(rows := tenths * 10.0 ** (power - 1)):
                return rows
    return float("inf")
