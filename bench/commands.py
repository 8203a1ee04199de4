"""Time and number of requests of the commands that read the object index, as the index grows.

Run by `make bench NAME=commands`. It starts a local platform and fills the index to each size with the recorder's own
writes, with S3's answers in memory. Each command then runs three times as a whole process, and once in this process to
count its requests. Prints the median wall time and CPU time of the command's process (not of the emulator). Exits with
1 if a command takes more than 2 s at the last size, or sends more requests than at the first. ARGS="--sizes 2000 20000"
sets the sizes.
"""

import argparse
import resource
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import polars as pl
from errors import BenchError
from typer.testing import CliRunner

from datasets import DATASETS
from lake import glue_logs
from lake.object_index.recorder import Recorder
from local.platform_instance import PROGRAM, LocalPlatform
from ops import commands
from ops.jobs.local_log import LocalJobLog
from ops.stack import choice
from ops.stack.object_index import TABLE, TOTALS, index_of
from ops.stack.target import Target, find_target
from processing.storage.columns import QUARANTINE
from processing.storage.parquet import parquet_bytes
from tests.support.emulators import free_port
from tests.support.indexed_objects import RULE, GeneratedLake, count_requests, index_objects

FOLDER: Final = Path(".bench") / "commands"
SIZES: Final = (2_000, 20_000)
RUNS: Final = 3
MOST_SECONDS: Final = 2.0
JOB_RUNS: Final = 30
COMMANDS: Final = ("status", "runs", "quarantine list", "redrive", "report --output /dev/null", "reconcile")
TIMED: Final = ("status", "runs", "quarantine list")
"""The commands that the limit applies to."""


def main() -> None:
    """Measure and print; exit with 1 if a target is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="objects in the index")
    sizes: Sequence[int] = parser.parse_args().sizes
    platform = LocalPlatform(FOLDER, free_port())
    try:
        platform.up()
        missed = measure(find_target("local", platform.state_directory), sizes)
    finally:
        platform.down()
    for line in missed:
        print(f"MISSED: {line}")
    sys.exit(1 if missed else 0)


def measure(target: Target, sizes: Sequence[int]) -> list[str]:
    """Fill the index to each size and measure every command. Return the missed targets."""
    record_job_runs(target)
    requests: dict[str, list[Counter[str]]] = {command: [] for command in COMMANDS}
    seconds: dict[str, float] = {}
    for size in sizes:
        started = time.monotonic()
        fill(target, size)
        print(f"\n{size:,} objects in the index (filled in {time.monotonic() - started:.0f} s)")
        print(f"{'command':<26} {'requests':>8} {'wall s':>7} {'CPU s':>6}")
        for command in COMMANDS:
            requests[command].append(requests_of(target, command))
            seconds[command], processor = timed(command)
            count = requests[command][-1].total()
            print(f"{command:<26} {count:>8,} {seconds[command]:>7.2f} {processor:>6.2f}", flush=True)
    missed = [f"{command} took {seconds[command]:.2f} s" for command in TIMED if seconds[command] > MOST_SECONDS]
    for command, counted in requests.items():
        if counted[-1].total() > counted[0].total():
            missed.append(f"{command} sent {dict(counted[0])} with few objects, {dict(counted[-1])} with many")
    return missed


def fill(target: Target, size: int) -> None:
    """Fill the index to this number of objects, and write a quarantine file for each dataset's newest object."""
    tables = {"index_table": target.exports[TABLE], "totals_table": target.exports[TOTALS]}

    def recorder_on(lake: GeneratedLake) -> Recorder:
        return Recorder(lake, target.client("dynamodb"), bucket=target.bucket, **tables)  # pyright: ignore[reportArgumentType] - what it asks of S3

    for dataset in DATASETS:
        index_objects(recorder_on, dataset, size // len(DATASETS), datetime.now(UTC).date() - timedelta(days=30))
        [newest] = index_of(target).refused(dataset, 1)
        refusal = {"object": newest.inbound.key, "line": 2, "rules": [RULE], "reason": "it is not a number"}
        content = parquet_bytes(pl.DataFrame([refusal], schema=QUARANTINE))
        target.client("s3").put_object(Bucket=target.bucket, Key=newest.inbound.quarantine_key, Body=content)


def record_job_runs(target: Target) -> None:
    """Write some job runs to the log."""
    job = target.client("glue").get_job(JobName=target.exports["warehouseJob"])["Job"]
    group = glue_logs.log_group(job["DefaultArguments"], glue_logs.OUTPUT)
    for number in range(JOB_RUNS):
        with LocalJobLog(target, group, f"jr_{number}").run_of(target.exports["warehouseJob"]):
            pass


def words_of(command: str) -> list[str]:
    """Return the command's arguments after `dataplatform`."""
    return ["--stack", "local", "--state-dir", str(FOLDER.resolve()), *command.split()]


def requests_of(target: Target, command: str) -> Counter[str]:
    """Return the requests that a command sends."""
    found = choice.find_target
    try:
        with count_requests(target) as (counting, counted):
            choice.find_target = lambda *_: counting
            result = CliRunner().invoke(commands.app, words_of(command))
    finally:
        choice.find_target = found
    if result.exit_code:
        raise BenchError(f"`{command}` failed: {result.output}")
    return counted


def timed(command: str) -> tuple[float, float]:
    """Return the median wall seconds and CPU seconds of a command as a whole process."""
    walls: list[float] = []
    processors: list[float] = []
    for _ in range(RUNS):
        before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        subprocess.run([sys.executable, "-m", "ops", *words_of(command)], cwd=PROGRAM, check=True, capture_output=True)
        walls.append(time.monotonic() - started)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        processors.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return statistics.median(walls), statistics.median(processors)


if __name__ == "__main__":
    main()
