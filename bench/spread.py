"""Measures a merge and a report on tables of 1, 5 and 20 million rows, with polars and with Spark on two cores.

- The merge brings changes of 1 % of the rows, spread over the whole table; at one size it brings as many rows as one
  batch of a merge may have.
- The report is the sample's `customers_by_model_and_colour`, computed from the table that polars merged.

Both engines run through the functions that the jobs call, on tables in the embedded AWS: Glue's catalogue, and S3 that
holds the objects in memory. Each run is a separate process and merges into its own copy of the table. CPU seconds and
memory cover all processes of the engine, including the JVM, but not the embedded AWS. Seconds exclude imports and the
start of Spark, which has its own column. Both engines must give equal rows.

Run it with `make bench NAME=spread`; it exits with 1 if the engines' rows differ. A run that fails, or that uses more
memory than one Glue worker has, gets its own line. The last lines show up to which size one machine is enough.
`--write` stores the figures in bench/spread.json for `make bench NAME=terabyte`. `--quick` uses small tables. On a busy
machine, CPU seconds and memory are still valid; seconds are not.
"""

import argparse
import ast
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from bench.emulated import ROOT, emulated_environment
from bench.spread_figures import (
    FIGURES,
    MERGE,
    POLARS,
    REPORT,
    SPARK,
    WORKER_GIGABYTES,
    Measured,
    save,
    verdict,
)
from bench.spread_lake import REGION
from bench.spread_steps import ENGINES
from bench.watched_process import Ended, run_watched
from processing.publishing.history import ROWS_AT_ONCE
from processing.running.spark import JARS
from tests.support.emulators import running_emulator
from tests.support.iceberg_runtime import iceberg_jars

FOLDER: Final = ROOT / ".bench" / "spread"
HEAP: Final = "4g"


@dataclass(frozen=True, slots=True)
class Case:
    """One size."""

    rows: int
    changed: int
    runs: int
    steps: Sequence[str] = (MERGE, REPORT)


FULL: Final = (
    Case(1_000_000, 10_000, 3),
    Case(5_000_000, 50_000, 1),
    Case(5_000_000, ROWS_AT_ONCE, 1, (MERGE,)),
    Case(20_000_000, 200_000, 1),
)
QUICK: Final = (Case(50_000, 500, 1), Case(100_000, 20_000, 1, (MERGE,)), Case(200_000, 2_000, 1))


def main() -> None:
    """Measure, print, and exit with 1 if the engines' rows differ."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="small tables, one run each")
    parser.add_argument("--write", action="store_true", help=f"keep the figures in {FIGURES.name}")
    parser.add_argument("--engine", choices=ENGINES, help="this one alone")
    options = parser.parse_args()
    if options.write and (options.quick or options.engine):
        parser.error("--write needs the figures of all sizes and of both engines")
    engines = (options.engine,) if options.engine else ENGINES
    jars = _jars() if SPARK in engines else ""
    FOLDER.mkdir(parents=True, exist_ok=True)
    print(f"tables in the embedded AWS; {os.cpu_count()} cores; Spark's heap is at most {HEAP}")
    print(f"{'rows':>12}{'changed':>10}  {'':18}{'start s':>8}{'wall s':>8}{'CPU s':>8}{'peak MB':>9}")
    measured: list[Measured] = []
    missed = 0
    for case in QUICK if options.quick else FULL:
        with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
            bench = _Case(case, Path(folder), engines, jars)
            measured += bench.measured()
            missed += bench.differences()
    print(*verdict(measured), sep="\n")
    if options.write:
        save(measured)
    sys.exit(1 if missed else 0)


def _jars() -> str:
    """Return the paths of Iceberg's jars, separated by commas.

    Raises:
        SystemExit: they cannot be fetched; the message says why.
    """
    try:
        return ",".join(map(str, iceberg_jars()))
    except pytest.skip.Exception as error:
        raise SystemExit(f"{error}; `--engine {POLARS}` measures polars alone") from error


class _Case:
    """The runs of one size."""

    def __init__(self, case: Case, folder: Path, engines: Sequence[str], jars: str) -> None:
        self._case, self._folder, self._engines, self._jars = case, folder, engines, jars
        self._found: dict[str, dict[str, str]] = {MERGE: {}, REPORT: {}}

    def measured(self) -> list[Measured]:
        """Create the table, and let each engine merge and compute."""
        # A new one for each size, because it holds all objects in memory.
        state = self._folder / "aws"
        state.mkdir()
        with running_emulator(state) as emulator:
            environment = {
                **emulated_environment(emulator.endpoint, REGION),
                "TMPDIR": str(self._folder),
                "SPARK_LOCAL_DIRS": str(self._folder),
                "PYSPARK_SUBMIT_ARGS": (
                    f"--driver-memory {HEAP} --driver-java-options -Djava.io.tmpdir={self._folder} pyspark-shell"
                ),
                JARS: self._jars,
            }
            if self._step(environment, "make", str(self._case.rows), str(self._case.changed)) is None:
                raise SystemExit("the table could not be made")
            return [*self._runs(environment)]

    def differences(self) -> int:
        """Print whether the engines gave the same rows. Return the number of steps with differences."""
        missed = 0
        for step, digests in self._found.items():
            if len(set(digests.values())) > 1:
                missed += 1
                print(f"MISSED: the engines' rows of the {step} differ: {digests}")
        return missed

    def _runs(self, environment: Mapping[str, str]) -> Iterator[Measured]:
        used: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
        for number in range(self._case.runs):
            for engine in self._engines:
                database = f"{engine}_{number}"
                self._step(environment, "copy", engine, database)
                for step in self._case.steps:
                    # A report reads the same table with both engines.
                    of = database if step == MERGE else f"{self._engines[0]}_0"
                    if (found := self._step(environment, step, engine, of)) is not None:
                        used.setdefault((step, engine), []).append(found)
                        self._note(environment, step, engine, found, database)
        for (step, engine), runs in used.items():
            yield self._median(step, engine, runs)

    def _note(
        self, environment: Mapping[str, str], step: str, engine: str, found: Mapping[str, Any], database: str
    ) -> None:
        if step == REPORT:
            self._found[REPORT][engine] = found["digest"]
        elif (digest := self._step(environment, "digest", engine, database)) is not None:
            self._found[MERGE][engine] = digest["digest"]

    def _median(self, step: str, engine: str, runs: Sequence[Mapping[str, Any]]) -> Measured:
        def median(name: str) -> float:
            return round(statistics.median(run[name] for run in runs), 3)

        peak = max(run["megabytes"] for run in runs)
        case = self._case
        return Measured(
            step,
            engine,
            case.rows,
            case.changed,
            int(runs[0]["read"]),
            start=median("start"),
            seconds=median("seconds"),
            processor_seconds=median("cpu"),
            megabytes=round(peak, 1),
        )

    def _step(self, environment: Mapping[str, str], step: str, *words: str) -> Mapping[str, Any] | None:
        """Run a step in a separate process and print its line. Return its results; None if it failed."""
        what = step if step == "make" else f"{step} by {words[0]}"
        label = f"{self._case.rows:12,}{self._case.changed:10,}  {what:18}"
        command = [sys.executable, "-m", "bench.spread_steps", step, *words]
        ended = run_watched(command, ROOT, environment, WORKER_GIGABYTES * 1000, _Progress(label))
        if ended.code == 0:
            found = {**ast.literal_eval(ended.lines[-1]), "megabytes": ended.megabytes}
            if "cpu" in found:
                figures = f"{found['start']:8.1f}{found['seconds']:8.1f}{found['cpu']:8.1f}{ended.megabytes:9,.0f}"
                print(f"\r{label}{figures}", flush=True)
            return found
        print(f"\r{label}{_reason(ended)}", flush=True)
        return None


class _Progress:
    """Shows on a terminal how long a step has been running."""

    def __init__(self, label: str) -> None:
        self._label, self._started = label, time.monotonic()

    def __call__(self) -> None:
        if sys.stdout.isatty():
            print(f"\r{self._label}{time.monotonic() - self._started:6.0f} s …", end="\r", flush=True)


def _reason(ended: Ended) -> str:
    if ended.code is None:
        return f"stopped: more than {WORKER_GIGABYTES} GB of memory"
    telling = [line for line in ended.lines if "Error" in line or "Exception" in line or "OutOfMemory" in line]
    return f"failed: {(telling or ended.lines or ['exit status ' + str(ended.code)])[-1].strip()[:150]}"


if __name__ == "__main__":
    main()
