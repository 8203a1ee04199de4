"""A step of bench/spread.py in a process of its own, against the embedded AWS that the environment names.

`python -m bench.spread_steps make ROWS CHANGED`, or `copy`, `digest`, `merge`, `report` with ENGINE DATABASE.
Prints last, as a dictionary, what the step found: for a merge and a report the seconds, the CPU seconds of all
processes, and the seconds until the engine could begin.
"""
# ruff: noqa: PLC0415 - a step imports what it needs and nothing of the other engine

import hashlib
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import polars as pl
import psutil

from bench.spread_lake import DATASET, HISTORY, Lake
from processing.declaring.report import Report

POLARS: Final = "polars"
SPARK: Final = "spark"


def report() -> Report:
    """The sample's report that needs the most memory: it counts different customers."""
    from reports import REPORTS

    return REPORTS["customers_by_model_and_colour"]


def merge_by_polars(lake: Lake, database: str) -> None:
    """Merge as the jobs do on the driver."""
    from processing.publishing.merge import merge

    merge(lake.published(database), lake.store, [HISTORY])


def report_by_polars(lake: Lake, database: str) -> pl.DataFrame:
    """Compute as the mart job does on the driver."""
    from processing.reporting.inputs import Inputs

    made = report()
    published = lake.published(database)
    inputs = Inputs({made.name: made}, {DATASET.name: DATASET}, lambda _: published.found(published.live))
    return inputs.rows_of(made)


def make(words: Sequence[str]) -> Mapping[str, Any]:
    """Make the table and the changed rows."""
    rows, changed = (int(word) for word in words)
    return {"stored": Lake().make(rows, changed)}


def copy(words: Sequence[str]) -> Mapping[str, Any]:
    """Register the table in a database of its own."""
    Lake().copy(words[-1])
    return {}


def digest(words: Sequence[str]) -> Mapping[str, Any]:
    """What the rows of a database's table are."""
    return {"digest": Lake().digest(words[-1])}


def merge(words: Sequence[str]) -> Mapping[str, Any]:
    """Merge the changed rows."""
    engine, database = words
    lake = Lake()
    if engine == POLARS:
        return _used(lambda: merge_by_polars(lake, database))
    raise NotImplementedError


def compute(words: Sequence[str]) -> Mapping[str, Any]:
    """Compute the report."""
    engine, database = words
    lake = Lake()
    found: list[pl.DataFrame] = []
    if engine == POLARS:
        used = _used(lambda: found.append(report_by_polars(lake, database)))
        return {**used, "digest": _digest(found[0])}
    raise NotImplementedError


STEPS: Final[Mapping[str, Callable[[Sequence[str]], Mapping[str, Any]]]] = {
    step.__name__: step for step in (make, copy, digest, merge, compute)
}


def _digest(rows: pl.DataFrame) -> str:
    return hashlib.sha256(rows.sort(pl.all()).write_csv().encode()).hexdigest()[:16]


def _used(work: Callable[[], object], start: float = 0.0) -> Mapping[str, float]:
    """Do some work. Returns what it used, beside the seconds that the engine took to start."""
    before, started = _processor_seconds(), time.perf_counter()
    work()
    seconds = time.perf_counter() - started
    return {"seconds": seconds, "cpu": _processor_seconds() - before, "start": start}


def _processor_seconds() -> float:
    """CPU seconds of this process and of all that it started."""
    own = psutil.Process()
    times = [each.cpu_times() for each in (own, *own.children(recursive=True))]
    return sum(each.user + each.system + each.children_user + each.children_system for each in times)


def main() -> None:
    """Run the step that the command line names."""
    step, *words = sys.argv[1:]
    print(dict(STEPS[step](words)))


if __name__ == "__main__":
    main()
