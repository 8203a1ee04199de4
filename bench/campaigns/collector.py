"""Inject faults into the collector many times. Run by `make campaign NAME=collector`.

Each scenario has 50 files and ten runs that meet a random fault at a random moment, including kill -9. Files change
between the runs. Then the collector runs without faults, and the scenario checks that every file was collected once,
its bytes are equal, and no upload is open. Scenarios run in several processes, each with an emulator of its own. A
scenario that fails writes its seed to .bench/campaign-collector/failed-seeds; `--seed` runs one again.
"""

import argparse
import multiprocessing
import os
import random
import shutil
import sys
import time
import traceback
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from tests.support.collector_faults import FAULTS, FILES, Scenario, SourceProcess
from tests.support.emulators import running_emulator
from tests.support.sftp import Stack

FAULTS_A_SCENARIO = 10
# Files that change before each next run, so every fault meets work.
ANEW = 15
# Half of the runs are killed, because surviving that is most important.
WEIGHTS = [5 if fault == "killed" else 3 if fault.startswith("killed") else 1 for fault in FAULTS]
# The emulator keeps deleted objects for a while, so it is replaced from time to time.
SCENARIOS_AN_EMULATOR = 5
FOLDER = Path(".bench") / "campaign-collector"


def main() -> None:
    """Run scenarios and print the figures; exit with 1 if one failed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=1000, help="runs that meet a fault, ten to a scenario")
    parser.add_argument("--seed", type=int, help="one scenario only, of this seed")
    parser.add_argument("--processes", type=int, default=os.cpu_count(), help="scenarios at a time")
    arguments = parser.parse_args()
    # Nothing reads the function's metrics.
    os.environ["POWERTOOLS_METRICS_DISABLED"] = "true"
    first = random.SystemRandom().randrange(10**9)
    count = -(-arguments.runs // FAULTS_A_SCENARIO)
    seeds = [arguments.seed] if arguments.seed is not None else [first + n for n in range(count)]
    groups = [seeds[start : start + SCENARIOS_AN_EMULATOR] for start in range(0, len(seeds), SCENARIOS_AN_EMULATOR)]
    started = time.monotonic()
    total: Counter[str] = Counter()
    failed: list[int] = []
    # Spawned, because a scenario forks its runs, and forking a process with threads is not safe.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(arguments.processes, mp_context=context) as processes:
        for group in as_completed([processes.submit(run_group, seeds) for seeds in groups]):
            counts, failures = group.result()
            total.update(counts)
            failed += failures
            minutes = (time.monotonic() - started) / 60
            print(
                f"{total['scenarios']} of {len(seeds)} scenarios, {len(failed)} failed, {minutes:.1f} min", flush=True
            )
    print(", ".join(f"{count} {name}" for name, count in total.items()))
    if failed:
        print(f"FAILED seeds: {', '.join(map(str, failed))}; run one again with --seed")
        sys.exit(1)
    print("every file once, every byte equal, no upload left open")


def run_group(seeds: list[int]) -> tuple[Counter[str], list[int]]:
    """Run some scenarios on an emulator of their own. Return their counts, and the seeds that failed."""
    total: Counter[str] = Counter()
    failed: list[int] = []
    folder = FOLDER / f"emulator-{seeds[0]}"
    folder.mkdir(parents=True)
    with running_emulator(folder) as emulator:
        for seed in seeds:
            if not survives(seed, emulator.endpoint, total):
                failed.append(seed)
                with (FOLDER / "failed-seeds").open("a") as kept:
                    kept.write(f"{seed}\n")
    shutil.rmtree(folder, ignore_errors=True)
    return total, failed


def survives(seed: int, endpoint: str, total: Counter[str]) -> bool:
    """Run one scenario. Return True if its checks passed."""
    folder = FOLDER / f"seed-{seed}"
    shutil.rmtree(folder, ignore_errors=True)
    source = SourceProcess(folder.absolute())
    source.start()
    stack = Stack(endpoint)
    source.deploy(stack)
    scenario = Scenario(seed, stack, source)
    faults = random.Random(seed).choices(FAULTS, WEIGHTS, k=FAULTS_A_SCENARIO)  # noqa: S311  # repeatable by seed
    try:
        for fault in faults:
            scenario.meet(fault)
            scenario.write_anew(ANEW)
        scenario.settle()
        scenario.check()
    except Exception:  # noqa: BLE001  # reported with its seed; the other scenarios continue
        print(f"\nseed {seed} failed after {faults}")
        traceback.print_exc()
        return False
    finally:
        source.kill()
        shutil.rmtree(folder, ignore_errors=True)
        for key in stack.objects():
            stack.s3.delete_object(Bucket=stack.bucket, Key=key)
        total.update({"scenarios": 1, "runs": scenario.runs, "killed with -9": scenario.kills, "files": FILES})
        total.update(faults)
    return True


if __name__ == "__main__":
    main()
