"""How long the warehouse job takes for one object, beside what a user would write instead: polars' scan to sink.

Prints medians and the ratio. Run by `make bench NAME=warehouse`. The lake is held in memory: what is measured is
reading, checking and writing.
"""

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl

from jobs.datasets import DATASETS
from jobs.memory_store import MemoryStore
from jobs.warehouse.job import process_object
from lake.keys import inbound_prefix
from local.sample_data import write_vehicles

ROWS = 200_000
RUNS = 5


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        sample = Path(folder) / "vehicles.csv"
        write_vehicles(sample, rows=ROWS)
        key = f"{inbound_prefix('vehicles')}2026/01/01/vehicles.csv"
        body = sample.read_bytes()

        def job() -> None:
            store = MemoryStore()
            store.write(key, body, "text/csv", {})
            process_object(store, DATASETS["vehicles"], key, "bench")

        def scan_to_sink() -> None:
            pl.scan_csv(sample, infer_schema=False, truncate_ragged_lines=True).sink_parquet(
                Path(folder) / "out.parquet", compression="zstd"
            )

        print(f"{ROWS:,} rows, {len(body) / 1e6:.1f} MB of CSV, median of {RUNS} runs")
        taken = {name: median_seconds(run) for name, run in (("job", job), ("polars scan to sink", scan_to_sink))}
    for name, seconds in taken.items():
        print(f"{name:20} {seconds:7.3f} s  {ROWS / seconds:12,.0f} rows/s")
    print(f"the job takes {taken['job'] / taken['polars scan to sink']:.1f} times as long; it checks every rule")


def median_seconds(run: Callable[[], None]) -> float:
    """Median wall time of a few runs, after one that does not count."""
    run()
    return statistics.median(timed(run) for _ in range(RUNS))


def timed(run: Callable[[], None]) -> float:
    """Wall time of one run in seconds."""
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
