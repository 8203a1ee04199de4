"""Cost of a daily run as history grows: requests, bytes, memory and time of warehouse, publish, mart and status.

- A nightly export of 100,000 rows, 1 % of them changed, over 40, 100 and 1,000 days. The merge itself commits each
  day's history file separately.
- A stream of 1,440 objects of 100 events a day, over 1, 7 and 30 days. One run merges each day.

After each size, seven more days arrive, and a daily run processes each of them. Every step is a process of its own that
uses the embedded AWS through a proxy, which counts requests and bytes. Requests and bytes are the mean of the seven
runs, because only some runs join files. Time is the median, without imports; memory is the maximum.

For comparison, three contestants read a copy of the same history files in a local folder: the view over all history,
which reports used before there were tables; DuckDB over the history files; and dlt's merge into a Delta table. A
contestant stops at the first size at which it uses more than 8 GB of memory.

Run by `make bench NAME=history`; exits with 1 if a bar is missed. `--quick` takes few rows, few days and three runs:
some minutes. Its files and row groups are smaller in the same proportion, so their number is the same. On a busy
machine the time is meaningless; the other figures are valid.
"""

import argparse
import ast
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from bench.counting_proxy import CountingProxy, Traffic
from bench.emulated import ROOT, emulated_environment
from bench.environments import ENVIRONMENTS, make_environment
from bench.history_data import EVENTS, EXPORTS
from bench.history_lake import REGION, Lake
from bench.usage import judge
from bench.watched_process import run_watched
from emulation.aws.emulator import Emulator, stop_emulator
from tests.support.emulators import free_port

FOLDER: Final = ENVIRONMENTS / "history"
STEPS: Final = ("warehouse", "publish", "mart", "status")
ENVIRONMENT_OF: Final[Mapping[str, str | None]] = {"view": None, "duckdb": "readers", "dlt": "dlt"}
"""The environment of each contestant; None is this one."""
MOST_MEGABYTES: Final = 8_000
RATIO_ALLOWED: Final = 1.2
TIME_RATIO_ALLOWED: Final = 1.5


@dataclass(frozen=True, slots=True)
class Plan:
    """Sizes and runs of a measurement."""

    sizes: Mapping[str, Sequence[int]]
    """Days of history, by dataset."""
    each_day: Mapping[str, int]
    """Rows of the export, and objects of the stream."""
    runs: int


FULL: Final = Plan({EXPORTS: (40, 100, 1_000), EVENTS: (1, 7, 30)}, {EXPORTS: 100_000, EVENTS: 1_440}, 7)
QUICK: Final = Plan({EXPORTS: (20, 40, 60), EVENTS: (1, 4, 12)}, {EXPORTS: 10_000, EVENTS: 60}, 3)


@dataclass(frozen=True, slots=True)
class Cost:
    """Cost of a step in a daily run."""

    requests: float
    read: float
    """Bytes read."""
    written: float
    """Bytes written."""
    megabytes: float
    """Peak memory of the process."""
    seconds: float
    processor_seconds: float

    @property
    def bytes(self) -> float:
        """Bytes read and written."""
        return self.read + self.written


def main() -> None:
    """Measure, print, and exit with 1 if a bar is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows, few days, three runs")
    parser.add_argument("--dataset", choices=(EXPORTS, EVENTS), help="this one alone")
    parser.add_argument("--alone", action="store_true", help="without the other contestants")
    options = parser.parse_args()
    plan = QUICK if options.quick else FULL
    FOLDER.mkdir(parents=True, exist_ok=True)
    worst, slowest = 0.0, 0.0
    for dataset in (EXPORTS, EVENTS):
        if options.dataset in (None, dataset):
            with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
                alone = options.alone or dataset == EVENTS
                costs = _measured(plan, dataset, Path(folder), alone=alone)
            ratios = _print_growth(dataset, costs)
            worst, slowest = max(worst, ratios[0]), max(slowest, ratios[1])
    missed = judge("time of a step, last to first", slowest, TIME_RATIO_ALLOWED)
    missed += judge("requests, bytes and memory of a step, last to first", worst, RATIO_ALLOWED)
    print(f"worst ratio of last to first: {worst:.2f}")
    sys.exit(1 if missed else 0)


def _measured(plan: Plan, dataset: str, folder: Path, *, alone: bool) -> list[Mapping[str, Cost]]:
    """Measure each step at each size of a dataset's history."""
    unit = "rows a day" if dataset == EXPORTS else "objects a day"
    print(f"\n{dataset}: {plan.each_day[dataset]:,} {unit}, mean of {plan.runs} daily runs")
    print(f"{'days':>6} {'step':12}{'requests':>10}{'read MB':>10}{'written MB':>12}{'peak MB':>9}{'s':>8}{'CPU s':>8}")
    costs: list[Mapping[str, Cost]] = []
    stopped: set[str] = set()
    full = FULL.each_day[dataset]
    for days in plan.sizes[dataset]:
        copies = None if alone else folder / f"copies-{days}"
        # A new one for each size, because it holds all objects in memory.
        with _emulator(folder / f"aws-{days}") as emulator, CountingProxy(emulator.port) as proxy:
            lake = Lake(emulator.endpoint, dataset, days, plan.each_day[dataset], full)
            _step(lake, lake.endpoint, "setup", *([str(copies)] if copies else []))
            costs.append(_daily_runs(lake, proxy, plan.runs))
        for name, cost in costs[-1].items():
            _print_cost(days, name, cost)
        if copies is not None:
            for name in ENVIRONMENT_OF:
                if name not in stopped and not _contest(name, copies, days):
                    stopped.add(name)
    return costs


@contextmanager
def _emulator(folder: Path) -> Generator[Emulator]:
    emulator = Emulator(free_port(), REGION, folder)
    folder.mkdir()
    emulator.start()
    try:
        yield emulator
    finally:
        stop_emulator(folder)


def _daily_runs(lake: Lake, proxy: CountingProxy, runs: int) -> Mapping[str, Cost]:
    """Measure each step in consecutive daily runs."""
    counted: dict[str, list[tuple[Traffic, Mapping[str, float]]]] = {step: [] for step in STEPS}
    today = datetime.now(UTC).date()
    for day in range(runs):
        lake.land(day, today)
        for step, costs in counted.items():
            proxy.take()
            used = _step(lake, proxy.endpoint, step, str(day))
            costs.append((proxy.take(), used))
            if step == "warehouse":
                # On AWS, S3's events about the new files start the recorder.
                lake.record(lake.objects(day, today))
    return {step: _cost(costs) for step, costs in counted.items()}


def _cost(runs: Sequence[tuple[Traffic, Mapping[str, float]]]) -> Cost:
    traffic, used = [each for each, _ in runs], [each for _, each in runs]
    return Cost(
        requests=statistics.mean(each.requests.total() for each in traffic),
        read=statistics.mean(each.read for each in traffic),
        written=statistics.mean(each.written for each in traffic),
        megabytes=max(each["peak"] for each in used),
        seconds=statistics.median(each["seconds"] for each in used),
        processor_seconds=statistics.median(each["cpu"] for each in used),
    )


def _step(lake: Lake, endpoint: str, step: str, *words: str) -> Mapping[str, float]:
    """Run a step in a process of its own. Return its usage."""
    environment = emulated_environment(endpoint, REGION)
    command = [sys.executable, "-m", "bench.history_steps", step]
    command += [endpoint, lake.dataset, str(lake.days), str(lake.each_day), str(lake.full), *words]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{step} of {lake.name} failed:\n{done.stdout[-2000:]}\n{done.stderr[-3000:]}")
    return ast.literal_eval(done.stdout.splitlines()[-1])


def _contest(name: str, copies: Path, days: int) -> bool:
    """Run another contestant and print its usage. Return True if it stayed within the memory limit."""
    environment = ENVIRONMENT_OF[name]
    if environment is not None:
        make_environment(environment)
    python = str(ENVIRONMENTS / environment / "bin/python") if environment else sys.executable
    command = [python, "-m", "bench.history_contestants", name, str(copies), str(days)]
    variables = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'platform'}"}
    ended = run_watched(command, ROOT, variables, MOST_MEGABYTES)
    if ended.code is None:
        print(f"{days:6} {name:12}stopped: more than {MOST_MEGABYTES:,} MB of memory", flush=True)
        return False
    if ended.code:
        raise SystemExit(f"{name} failed:\n" + "\n".join(ended.lines[-30:]))
    used = ast.literal_eval(ended.lines[-1])
    peak = max(ended.megabytes, used["peak"])
    _print_cost(days, name, Cost(0, used["read"], used["written"], peak, used["seconds"], used["cpu"]))
    return True


def _print_cost(days: int, name: str, cost: Cost) -> None:
    requests = f"{cost.requests:10,.0f}" if cost.requests else f"{'':10}"
    print(
        f"{days:6} {name:12}{requests}{cost.read / 1e6:10.2f}{cost.written / 1e6:12.2f}{cost.megabytes:9.0f}"
        f"{cost.seconds:8.2f}{cost.processor_seconds:8.2f}",
        flush=True,
    )


def _print_growth(dataset: str, costs: Sequence[Mapping[str, Cost]]) -> tuple[float, float]:
    """Print the growth of each step's cost from the first size to the last.

    Returns:
        The highest ratio of requests, bytes and memory, and the highest ratio of time.
    """
    worst, slowest = 0.0, 0.0
    for step in STEPS:
        first, last = costs[0][step], costs[-1][step]
        kinds = ("requests", "bytes", "megabytes")
        ratios = {kind: getattr(last, kind) / getattr(first, kind) for kind in kinds if getattr(first, kind)}
        time = last.seconds / first.seconds
        words = ", ".join(f"{kind} {ratio:.2f}" for kind, ratio in ratios.items())
        print(f"{dataset}: {step}, last to first: {words}, time {time:.2f}")
        worst, slowest = max(worst, *ratios.values()), max(slowest, time)
    return worst, slowest


if __name__ == "__main__":
    main()
