"""Time of the warehouse job for one large object, compared with common alternatives.

The object has 6 M rows, 400 MB of CSV, one row in a hundred dirty. The job checks five rules, one of them a unique key,
and keeps the rows that it refuses. The alternatives read and write without checks. Each run is a process of its own,
including imports. The job's lake is a folder on disk, so neither the job nor the others use a network. One more run of
the job has a row at the end whose key occurred at the beginning, so the job reads the file twice.

Run by `make bench NAME=warehouse`; exits with 1 if a target is missed. `--large` also measures memory and time per row
of a 4 GB file, which needs about 8 GB of disk below .bench/. `--quick` takes 600,000 rows and one run.
"""

import argparse
import contextlib
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from threading import Event
from typing import Final

import psutil

from bench.environments import ENVIRONMENTS, make_environment
from bench.orders import write_orders
from bench.usage import Usage, judge

ROOT: Final = Path(__file__).resolve().parent.parent
CONTESTANTS: Final = ROOT / "bench" / "warehouse_contestants.py"
FOLDER: Final = ENVIRONMENTS / "warehouse"
OURS: Final = "warehouse_job"
MEASURE: Final = "polars_scan_sink"
# The job has only the packages that Glue installs for it, because dataframely imports optional packages it finds.
ENVIRONMENT_OF: Final = {OURS: "jobs", MEASURE: "jobs"}
OTHERS: Final = (MEASURE, "duckdb_copy", "pandas_read_csv", "pyspark_local")
ROWS: Final = 6_000_000
LARGE_ROWS: Final = 60_000_000
LOOK_EVERY_SECONDS: Final = 0.2
RATIO_ALLOWED: Final = 1.15
MEGABYTES_ALLOWED: Final = 700
LARGE_MEGABYTES_ALLOWED: Final = 1000
LARGE_RATIO_ALLOWED: Final = 1.15


def main() -> None:
    """Measure, print, and exit with 1 if a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="600,000 rows, one run each")
    parser.add_argument("--large", action="store_true", help="and 4 GB")
    options = parser.parse_args()
    rows, runs = (ROWS // 10, 1) if options.quick else (ROWS, 5)
    for environment in ("jobs", "bench"):
        make_environment(environment)
    source = _orders(rows)
    print(f"{rows:,} rows, {source.stat().st_size / 1e6:.0f} MB of CSV, median of {runs}, the lake a folder")
    rounds: list[dict[str, Usage]] = []
    for number in range(1, runs + 1):
        rounds.append(_round(source))
        of_this = rounds[-1][OURS].seconds / rounds[-1][MEASURE].seconds
        print(f"  round {number} of {runs}: {of_this:.2f} of polars' scan to sink", flush=True)
    print(f"{'':20}{'wall s':>8}{'CPU s':>8}{'peak MB':>9}")
    used = {name: _print_median(name, [usages[name] for usages in rounds]) for name in (OURS, *OTHERS)}
    again = _print_median("with a late repeat", [_run(OURS, _with_late_repeat(source))])
    print(f"{again.seconds / used[OURS].seconds:.2f} of the job's time if the last row repeats the first one's key")
    ratio = statistics.median(usages[OURS].seconds / usages[MEASURE].seconds for usages in rounds)
    missed = judge(f"{ratio:.2f} of polars' scan to sink", ratio, RATIO_ALLOWED)
    missed += judge("peak MB", used[OURS].peak_megabytes, MEGABYTES_ALLOWED)
    if options.large:
        large_rows = LARGE_ROWS * rows // ROWS
        large = _print_median(f"{large_rows:,} rows", [_run(OURS, _orders(large_rows))])
        per_row = (large.seconds / large_rows) / (used[OURS].seconds / rows)
        missed += judge("peak MB of the large file", large.peak_megabytes, LARGE_MEGABYTES_ALLOWED)
        missed += judge(f"{per_row:.2f} of the small file's time per row", per_row, LARGE_RATIO_ALLOWED)
    sys.exit(1 if missed else 0)


def _orders(rows: int) -> Path:
    file = FOLDER / f"orders-{rows}.csv"
    if not file.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        # In a process of its own, because Linux counts this process's memory into the peak of each process it starts.
        with ProcessPoolExecutor(1, get_context("spawn")) as process:
            process.submit(write_orders, file, rows).result()
    return file


def _with_late_repeat(source: Path) -> Path:
    """Return the same file with the first row once more at its end."""
    file = source.with_stem(f"{source.stem}-late-repeat")
    if not file.exists():
        shutil.copyfile(source, file)
        with source.open("rb") as rows, file.open("ab") as longer:
            rows.readline()
            longer.write(rows.readline())
    return file


def _round(source: Path) -> dict[str, Usage]:
    """Run each contestant once, in turn, so a change in the machine's speed affects them equally."""
    return {name: _run(name, source) for name in (OURS, *OTHERS)}


def _print_median(label: str, usages: Sequence[Usage]) -> Usage:
    usage = Usage(
        seconds=statistics.median(each.seconds for each in usages),
        processor_seconds=statistics.median(each.processor_seconds for each in usages),
        peak_megabytes=max(each.peak_megabytes for each in usages),
    )
    print(f"{label:20}{usage.seconds:8.2f}{usage.processor_seconds:8.2f}{usage.peak_megabytes:9.0f}", flush=True)
    return usage


def _run(name: str, source: Path) -> Usage:
    # On disk, because /tmp may be in memory.
    with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
        target = Path(folder) / "target"
        target.mkdir()
        environment = {**os.environ, "TMPDIR": folder, "PYTHONPATH": f"{ROOT}:{ROOT / 'platform'}"}
        python = ENVIRONMENTS / ENVIRONMENT_OF.get(name, "bench") / "bin/python"
        command = [str(python), str(CONTESTANTS), name, str(source), str(target)]
        log = Path(folder) / "log"
        started = time.perf_counter()
        done = Event()
        with log.open("w") as output, ThreadPoolExecutor(1) as watcher:
            process = subprocess.Popen(command, env=environment, stdout=output, stderr=output)
            watched = watcher.submit(_peak_until, done, psutil.Process(process.pid))
            _, status, usage = os.wait4(process.pid, 0)
            seconds = time.perf_counter() - started
            done.set()
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"{name} failed:\n{log.read_text()[-3000:]}")
        shutil.rmtree(target)
    # The kernel knows each process's own peak; the watcher knows the peak of their sum.
    peak = max(watched.result(), usage.ru_maxrss * 1024 / 1e6)
    return Usage(seconds, usage.ru_utime + usage.ru_stime, peak)


def _peak_until(done: Event, family: psutil.Process) -> float:
    """Return the peak resident memory, in megabytes, of a process and its children."""
    peak = 0.0
    while not done.wait(LOOK_EVERY_SECONDS):
        with contextlib.suppress(psutil.NoSuchProcess):
            held = [family, *family.children(recursive=True)]
            peak = max(peak, sum(each.memory_info().rss for each in held) / 1e6)
    return peak


if __name__ == "__main__":
    main()
