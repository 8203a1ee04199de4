"""Model of the time and cost of merges and reports on Glue: polars on the driver, or Spark on all workers.

Its constants are the figures of `make bench NAME=spread` from one machine. Nothing was measured on AWS.
"""

import itertools
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
    digits,
    load,
    median_start,
    megabytes,
    processor_seconds,
)
from processing.publishing.history import ROWS_AT_ONCE

GLUE_UNIT_HOUR: Final = 0.44
"""USD, eu-west-1. aws.amazon.com/glue/pricing/, as read in October 2026, and AWS's price list of November 2024."""
SHORTEST_BILLED_SECONDS: Final = 60
"""Shortest time that a job's run is billed for, from the same page."""
FEWEST_WORKERS: Final = 2
"""Smallest number of workers of a run, including the driver: docs.aws.amazon.com/glue/latest/dg/add-job.html."""
MOST_WORKERS: Final = 100
"""Maximum of the setting `jobs.numberOfWorkers`."""
CHANGED: Final = 0.01
"""Share of a table's rows that a merge changes."""
SIZES: Final = (10**6, 10**7, 10**8, 10**9, 10**10)
PAIRS: Final = tuple(itertools.product((MERGE, REPORT), (POLARS, SPARK)))
GIGABYTES_A_DAY: Final = 1000
_SMALLEST: Final = 10**4
_LARGEST: Final = 10**13


@dataclass(frozen=True, slots=True)
class Assumed:
    """Values that the model cannot know without a run on AWS."""

    busy: float = 0.7
    """Share of the executors' vCPUs that work at the same time."""
    runs: int = 24
    """Merges in a day."""
    reports: int = 6
    """Reports in a day, each over the whole table: as many as the sample has."""
    text_bytes: float = 66.7
    """Bytes of a row as text: `make bench NAME=warehouse` prints that 6,000,000 rows are 400 MB of CSV."""


@dataclass(frozen=True, slots=True)
class Work:
    """A merge or a report."""

    step: str
    rows: float
    """Rows of the table."""
    changed: float = 0
    """Rows that are merged."""


@dataclass(frozen=True, slots=True)
class Run:
    """Duration and size of a run."""

    seconds: float
    workers: int

    @property
    def dollars(self) -> float:
        """Cost with G.1X workers, which are one unit each."""
        return self.workers * max(SHORTEST_BILLED_SECONDS, self.seconds) / 3600 * GLUE_UNIT_HOUR


class Model:
    """The model, from some figures."""

    def __init__(self, measured: Sequence[Measured] | None = None, assumed: Assumed | None = None) -> None:
        self._measured, self.assumed = load() if measured is None else measured, assumed or Assumed()

    def by_polars(self, work: Work) -> Run:
        """Return the run on the driver alone. The second worker is billed, because Glue requires at least two."""
        cost = self.processor(work.step, POLARS)
        batches = max(1, math.ceil(work.changed / ROWS_AT_ONCE))
        seconds = batches * cost.of(work.rows, 0) + cost.changed * work.changed
        return Run(seconds / self.cores(work.step, POLARS), FEWEST_WORKERS)

    def by_spark(self, work: Work, workers: int) -> Run:
        """Return the run on this many workers. The driver, which is one of them, does the work of constant size."""
        cost = self.processor(work.step, SPARK)
        spread = cost.of(work.rows, work.changed) - cost.constant
        own = self.start + cost.constant / self.cores(work.step, SPARK)
        return Run(own + spread / ((workers - 1) * WORKER_CORES * self.assumed.busy), workers)

    def cheapest_spark(self, work: Work) -> Run:
        """Return the run with the cheapest number of workers; of equally cheap ones, the one with the most workers."""
        runs = (self.by_spark(work, workers) for workers in range(FEWEST_WORKERS, MOST_WORKERS + 1))
        return min(runs, key=lambda each: (round(each.dollars, 4), -each.workers))

    def gigabytes(self, work: Work) -> float:
        """Return the gigabytes of memory that polars uses."""
        return self.memory(work.step, POLARS).of(work.rows, min(work.changed, ROWS_AT_ONCE)) / 1000

    def held(self, work: Work) -> bool:
        """Return True if the work fits into one worker's memory."""
        return self.gigabytes(work) <= USABLE_GIGABYTES

    def cheaper_from(self, step: str) -> float:
        """Return the rows of the smallest table from which Spark is cheaper; infinite if it never is."""
        return _first(lambda rows: self._spark_is_cheaper(work_of(step, rows)))

    def cheaper_from_changed(self, rows: float) -> float:
        """Return the changed rows of the smallest merge into a table that is cheaper on Spark; infinite if none is."""
        return _first(lambda changed: self._spark_is_cheaper(Work(MERGE, rows, changed)))

    def only_from(self, step: str) -> float:
        """Return the rows of the smallest table that does not fit into one worker's memory with polars."""
        return _first(lambda rows: not self.held(work_of(step, rows)))

    def bytes_read(self, step: str) -> float:
        """Return the stored bytes that a step reads for each row."""
        return bytes_of_a_row(self._measured, step)

    def _spark_is_cheaper(self, work: Work) -> bool:
        return self.cheapest_spark(work).dollars < self.by_polars(work).dollars

    def processor(self, step: str, engine: str) -> Cost:
        """Return the CPU seconds of a step."""
        return self._processor[step, engine]

    def memory(self, step: str, engine: str) -> Cost:
        """Return the megabytes of a step."""
        return self._memory[step, engine]

    def cores(self, step: str, engine: str) -> float:
        """Return the number of cores that the engine keeps busy on one machine."""
        return min(WORKER_CORES, cores(self._measured, step, engine))

    @cached_property
    def start(self) -> float:
        """Seconds until Spark can begin."""
        return median_start(self._measured)

    @cached_property
    def _processor(self) -> dict[tuple[str, str], Cost]:
        return {pair: processor_seconds(self._measured, *pair) for pair in PAIRS}

    @cached_property
    def _memory(self) -> dict[tuple[str, str], Cost]:
        return {pair: megabytes(self._measured, *pair) for pair in PAIRS}


def work_of(step: str, rows: float) -> Work:
    """Return a report over a table, or a merge that changes a hundredth of its rows."""
    return Work(step, rows, rows * CHANGED if step == MERGE else 0)


def _first(holds: Callable[[float], bool]) -> float:
    """Return the smallest number of rows, to two digits, for which a condition holds; infinite if it never does."""
    for power in range(round(math.log10(_SMALLEST)), round(math.log10(_LARGEST))):
        for tenths in range(10, 100):
            if holds(rows := tenths * 10.0 ** (power - 1)):
                return rows
    return float("inf")


def tables_of_engines(model: Model, workers: int) -> str:
    """Return merges and reports by both engines, with the sizes from which Spark is cheaper or necessary."""
    return "".join(
        (
            _constants(model),
            _table(model, MERGE, workers),
            _table(model, REPORT, workers),
            _points(model),
            _day(model),
        )
    )


def _constants(model: Model) -> str:
    text = "\n### What the engines take\n\n"
    text += "Measured by `make bench NAME=spread` on a machine with two cores.\n\n"
    text += "| work | CPU seconds | cores busy | MB |\n|---|---|---:|---|\n"
    for step, engine in PAIRS:
        text += f"| {step} by {engine} | {model.processor(step, engine).words()} | {model.cores(step, engine):.1f} | "
        text += f"{model.memory(step, engine).words()} |\n"
    text += (
        f"\nSpark started in {model.start:.0f} s. Assumed: {model.assumed.busy:.0%} of the executors' vCPUs work at "
    )
    text += f"once, a vCPU is as fast as a core of that machine, and a worker of {WORKER_GIGABYTES} GB leaves polars "
    text += f"{USABLE_GIGABYTES} GB.\n"
    return text


def _table(model: Model, step: str, workers: int) -> str:
    what = f"A merge of {CHANGED:.0%} changed rows" if step == MERGE else "A report"
    text = f"\n### {what}, by each engine\n\n"
    text += "| rows of the table | GB that it reads | memory of polars | polars on one driver | USD "
    text += f"| Spark on {workers} workers | USD | cheapest number of workers | USD "
    text += f"{'| changed rows from which Spark is cheaper ' if step == MERGE else ''}|\n|"
    text += f"{'---:|' * (10 if step == MERGE else 9)}\n"
    for rows in SIZES:
        work = work_of(step, rows)
        polars, spark, cheapest = model.by_polars(work), model.by_spark(work, workers), model.cheapest_spark(work)
        held = model.held(work)
        text += f"| {rows:,} | {digits(rows * model.bytes_read(step) / 1e9)} | {digits(model.gigabytes(work))} GB "
        text += f"| {_time(polars.seconds)} | {polars.dollars:,.3f} " if held else "| does not fit | "
        text += f"| {_time(spark.seconds)} | {spark.dollars:,.3f} | {cheapest.workers} | {cheapest.dollars:,.3f} "
        text += f"| {_number(model.cheaper_from_changed(rows))} |\n" if step == MERGE else "|\n"
    return text


def _points(model: Model) -> str:
    text = "\n"
    for step in (MERGE, REPORT):
        cheaper, only = model.cheaper_from(step), model.only_from(step)
        text += f"- A {step} is cheaper on Spark above {_rows(model, step, cheaper)}"
        text += f", and needs Spark above {_rows(model, step, only)}.\n"
    return text


def _day(model: Model) -> str:
    """Return a sentence about how much text one driver merges in a day."""
    cost = model.processor(MERGE, POLARS)
    # For a table that is clustered by time, a merge does not read history.
    of_batch = cost.of(0, ROWS_AT_ONCE) / model.cores(MERGE, POLARS)
    rows = 86400 / of_batch * ROWS_AT_ONCE
    gigabytes = rows * model.assumed.text_bytes / 1e9
    text = (
        f"- One driver that merges all day with polars merges {rows / 1e9:,.1f} billion rows, {gigabytes:,.0f} GB of "
    )
    text += "text, into a table that is clustered by time. "
    if gigabytes < GIGABYTES_A_DAY:
        return text + "A terabyte a day in one dataset needs Spark.\n"
    return text + "That is more than a terabyte a day.\n"


def _rows(model: Model, step: str, rows: float) -> str:
    if math.isinf(rows):
        return "any size (never in this model)"
    return f"{rows:,.0f} rows ({digits(rows * model.bytes_read(step) / 1e9)} GB read)"


def _number(rows: float) -> str:
    return "never" if math.isinf(rows) else "any" if rows <= _SMALLEST else f"{rows:,.0f}"


def _time(seconds: float) -> str:
    for unit, name in ((86400, "days"), (3600, "h"), (60, "min")):
        if seconds >= unit:
            return f"{seconds / unit:,.1f} {name}"
    return f"{seconds:.0f} s"
