"""A step of bench/spread.py in a separate process, against the embedded AWS in the environment.

`python -m bench.spread_steps make ROWS CHANGED`, or `copy`, `digest`, `merge` or `report` with ENGINE DATABASE. Finally
prints the results as a dictionary: for a merge and a report the seconds, the CPU seconds of all processes, and the
seconds until the engine could begin.
"""
# ruff: noqa: PLC0415 - a step imports what it needs and nothing of the other engine

import hashlib
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Final

import polars as pl
import psutil

from bench.errors import BenchError
from bench.spread_figures import POLARS, SPARK
from bench.spread_lake import BUCKET, DATASET, HISTORY, Lake
from processing.publishing.tables import Published
from processing.reporting.engines import Computed, PublishedInput, bytes_of
from processing.reporting.needs import needs_of
from processing.storage.columns import published_columns

ENGINES: Final = (POLARS, SPARK)


def make(words: Sequence[str]) -> Mapping[str, Any]:
    """Create the table and the changed rows."""
    rows, changed = (int(word) for word in words)
    Lake().make(rows, changed)
    return {}


def copy(words: Sequence[str]) -> Mapping[str, Any]:
    """Register the table in a separate database."""
    Lake().copy(words[-1])
    return {}


def digest(words: Sequence[str]) -> Mapping[str, Any]:
    """Return a digest of the rows in a database's table."""
    return {"digest": Lake().digest(words[-1])}


def merge(words: Sequence[str]) -> Mapping[str, Any]:
    """Merge the changed rows, as the jobs do."""
    engine, database = words
    published, store = Lake().published(database), Lake().store
    read = _bytes_read(published, published_columns(DATASET))
    start = _start(engine)
    if engine == POLARS:
        from processing.publishing.merge import merge as merge_by_polars

        return {**_used(lambda: merge_by_polars(published, store, [HISTORY]), start), "read": read}
    from processing.publishing.spark_merge import Cluster, merge_by_spark
    from processing.refining.spread import bucket_store
    from processing.running.spark import spark_session

    cluster = Cluster(spark_session(BUCKET), partial(bucket_store, BUCKET))
    return {**_used(lambda: merge_by_spark(published, store, [HISTORY], (), "bench", cluster), start), "read": read}


def report(words: Sequence[str]) -> Mapping[str, Any]:
    """Compute the sample report that needs the most memory, as the mart job does: it counts distinct customers."""
    from processing.reporting.inputs import Inputs
    from processing.reporting.on_spark import Spark
    from processing.running.spark import is_available, spark_session, table_name
    from reports import REPORTS

    engine, database = words
    made = REPORTS["customers_by_model_and_colour"]
    published = Lake().published(database)
    start = _start(engine)
    spark = Spark(
        above_bytes=None if engine == POLARS else 0,
        is_available=is_available,
        session=lambda: spark_session(BUCKET),
        relation=lambda table: table_name(*table.name()),
    )
    inputs = Inputs({made.name: made}, {DATASET.name: DATASET}, lambda _: published.found(published.live), spark=spark)
    computed: list[Computed] = []
    used = _used(lambda: computed.append(inputs.computed(made)), start)
    if computed[0].chosen.engine != engine:
        raise BenchError(computed[0].chosen.reason)
    read = needs_of(made, {DATASET.name: published_columns(DATASET)}).columns[DATASET.name]
    return {**used, "digest": _digest(computed[0].rows), "read": _bytes_read(published, read)}


STEPS: Final[Mapping[str, Callable[[Sequence[str]], Mapping[str, Any]]]] = {
    step.__name__: step for step in (make, copy, digest, merge, report)
}


def _start(engine: str) -> float:
    """Start the engine. Return the seconds that it took."""
    if engine == POLARS:
        return 0.0
    from processing.running.spark import spark_session

    started = time.perf_counter()
    spark_session(BUCKET)
    return time.perf_counter() - started


def _bytes_read(published: Published, columns: Iterable[str]) -> int:
    """Return the stored size of some columns of the table, in bytes, as computed for the choice of the engine."""
    table = published.load(published.live)
    snapshot = table.current_snapshot()
    return bytes_of(PublishedInput(DATASET, table, snapshot.snapshot_id), columns) if snapshot else 0


def _digest(rows: pl.DataFrame) -> str:
    return hashlib.sha256(rows.sort(pl.all()).write_csv().encode()).hexdigest()[:16]


def _used(work: Callable[[], object], start: float) -> Mapping[str, float]:
    """Do some work. Return its costs without the engine's start."""
    before, started = _processor_seconds(), time.perf_counter()
    work()
    seconds = time.perf_counter() - started
    return {"seconds": seconds, "cpu": _processor_seconds() - before, "start": start}


def _processor_seconds() -> float:
    """Return the CPU seconds of this process and its children."""
    own = psutil.Process()
    times = [each.cpu_times() for each in (own, *own.children(recursive=True))]
    return sum(each.user + each.system + each.children_user + each.children_system for each in times)


def main() -> None:
    """Run the step in the command line."""
    step, *words = sys.argv[1:]
    print(dict(STEPS[step](words)))


if __name__ == "__main__":
    main()
