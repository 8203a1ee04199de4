"""The figures of `make bench NAME=spread`, and conclusions from them: cost by size, and the limit of one Glue worker.

The figures are in bench/spread.json. A cost is the sum of a constant, a part for each changed row and a part for each
row of the table, fitted to the figures of all sizes.
"""

import itertools
import json
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np

MILLION: Final = 1_000_000
FIGURES: Final = Path(__file__).resolve().parent / "spread.json"
MERGE, REPORT = "merge", "report"
POLARS, SPARK = "polars", "spark"
WORKER_GIGABYTES: Final = 16
"""Memory of a worker G.1X: docs.aws.amazon.com/glue/latest/dg/worker-types.html."""
WORKER_CORES: Final = 4
"""Its vCPUs, from the same page."""
USABLE_GIGABYTES: Final = 12
"""Memory that a job's own process may use. The 4 GB for Glue's JVM and agents on the driver are an assumption."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A measured merge or report."""

    step: str
    engine: str
    rows: int
    """Rows of the table."""
    changed: int
    """Rows that were merged. A report reads the table afterwards."""
    read: int
    """Stored size of the columns read from the table, in bytes, as computed for the choice of the engine."""
    start: float
    """Seconds until the engine could begin."""
    seconds: float
    processor_seconds: float
    """CPU seconds of all processes of the engine."""
    megabytes: float
    """Peak memory of all processes of the engine."""


@dataclass(frozen=True, slots=True)
class Cost:
    """A cost as a function of size."""

    constant: float
    changed: float
    """For each changed row."""
    rows: float
    """For each row of the table."""

    def of(self, rows: float, changed: float) -> float:
        """Return the cost for a table of so many rows, of which so many changed."""
        return self.constant + self.changed * changed + self.rows * rows

    def words(self) -> str:
        """Return its parts that are not zero."""
        parts = [digits(self.constant)] if self.constant else []
        parts += [f"{digits(self.changed * MILLION)} a million changed rows"] if self.changed else []
        parts += [f"{digits(self.rows * MILLION)} a million rows of the table"] if self.rows else []
        return " + ".join(parts)


def digits(number: float) -> str:
    """Format a number with two digits, or all digits before the point."""
    return f"{number:,.0f}" if number >= 10 else f"{number:.2g}"  # noqa: PLR2004 - two digits


def save(measured: Sequence[Measured]) -> None:
    """Store the figures."""
    FIGURES.write_text(json.dumps([asdict(each) for each in measured], indent=1) + "\n")


def load() -> list[Measured]:
    """Return the stored figures."""
    return [Measured(**each) for each in json.loads(FIGURES.read_text())]


def chosen(measured: Iterable[Measured], step: str, engine: str) -> list[Measured]:
    """Return the figures of one step of one engine."""
    return [each for each in measured if (each.step, each.engine) == (step, engine)]


def enough(measured: Sequence[Measured], step: str, engine: str) -> bool:
    """Return true if a step of an engine was measured with more than one size of the table."""
    return len({each.rows for each in chosen(measured, step, engine)}) > 1


def fitted(measured: Sequence[Measured], figure: Callable[[Measured], float]) -> Cost:
    """Return the cost with the smallest relative errors for the figures; no part is negative."""
    of_changed = len({each.changed / each.rows for each in measured}) > 1
    features = (0, 1, 2) if of_changed else (0, 2)
    wanted = np.array([figure(each) for each in measured])
    table = np.array([[1.0, each.changed, each.rows] for each in measured])
    best, nearest = Cost(float(wanted.mean()), 0.0, 0.0), float("inf")
    for count in range(1, len(features) + 1):
        for subset in itertools.combinations(features, count):
            scaled = table[:, subset] / wanted[:, None]
            found = np.linalg.lstsq(scaled, np.ones(len(wanted)), rcond=None)[0]
            far = float(((scaled @ found - 1) ** 2).sum())
            if (found >= 0).all() and far < nearest - 1e-9:
                parts = dict(zip(subset, map(float, found), strict=True))
                best, nearest = Cost(parts.get(0, 0.0), parts.get(1, 0.0), parts.get(2, 0.0)), far
    return best


def processor_seconds(measured: Sequence[Measured], step: str, engine: str) -> Cost:
    """Return a step's CPU seconds as a function of size."""
    return fitted(chosen(measured, step, engine), lambda each: each.processor_seconds)


def megabytes(measured: Sequence[Measured], step: str, engine: str) -> Cost:
    """Return a step's memory as a function of size."""
    return fitted(chosen(measured, step, engine), lambda each: each.megabytes)


def cores(measured: Sequence[Measured], step: str, engine: str) -> float:
    """Return the cores that an engine kept busy in its longest run; at least one, because a run also waits."""
    longest = max(chosen(measured, step, engine), key=lambda each: each.processor_seconds)
    return max(1.0, longest.processor_seconds / longest.seconds)


def median_start(measured: Iterable[Measured]) -> float:
    """Return the seconds until Spark could begin."""
    return statistics.median(each.start for each in measured if each.engine == SPARK)


def bytes_of_a_row(measured: Sequence[Measured], step: str) -> float:
    """Return the stored bytes that a step reads for each row, in the largest table."""
    largest = max((each for each in measured if each.step == step), key=lambda each: each.rows)
    return largest.read / largest.rows


def most_rows(cost: Cost, changed: float) -> float:
    """Return the rows of the largest table that fits into one worker's memory.

    Args:
        cost: the memory as a function of size.
        changed: rows that are merged at once.
    """
    left = USABLE_GIGABYTES * 1000 - cost.of(0, changed)
    return left / cost.rows if cost.rows else float("inf")


def verdict(measured: Sequence[Measured]) -> list[str]:
    """Return the conclusions as lines."""
    lines = [""]
    for step in (MERGE, REPORT):
        for engine in (POLARS, SPARK):
            if enough(measured, step, engine):
                lines.append(f"{step} by {engine}, CPU s: {processor_seconds(measured, step, engine).words()}")
                lines.append(f"{step} by {engine}, MB: {megabytes(measured, step, engine).words()}")
    lines += [_switch(measured, step) for step in (MERGE, REPORT) if enough(measured, step, POLARS)]
    return lines


def _switch(measured: Sequence[Measured], step: str) -> str:
    """Return a line with the size up to which one worker is enough."""
    merged = max((each.changed for each in chosen(measured, step, POLARS)), default=0) if step == MERGE else 0
    rows = most_rows(megabytes(measured, step, POLARS), merged)
    worker = f"{USABLE_GIGABYTES} GB, which a worker G.1X of {WORKER_GIGABYTES} GB leaves it"
    if rows == float("inf"):
        return f"{step} by polars: its memory does not grow with the table, and stays below {worker}"
    gigabytes = rows * bytes_of_a_row(measured, step) / 1e9
    return (
        f"{step} by polars: holds {worker}, at {rows / 1e6:,.0f} million rows, of which it reads {digits(gigabytes)} GB"
    )
