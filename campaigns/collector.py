# a script of its own, no package
"""The collector under faults, many times over. Run by `make campaign NAME=collector`.

Each scenario is 50 files and ten runs that meet a random fault at a random moment, among them kill -9; between them
files change; then runs in peace, then the check: every file once, bytes equal, no upload left open. A scenario that
fails leaves its seed in .bench/campaign-collector/failed-seeds; `--seed` runs one again.
"""

import argparse
import random
import shutil
import sys
import time
import traceback
from collections import Counter
from pathlib import Path

from tests.emulator.collector_faults import FAULTS, Scenario, SourceProcess
from tests.emulator.emulators import running_emulator
from tests.emulator.sftp_fixtures import Stack

FAULTS_A_SCENARIO = 10
# Files that change before each next run, so that every fault meets work.
ANEW = 15
# Half of the runs are killed: that is what most has to be survived.
WEIGHTS = [5 if fault == "killed" else 3 if fault.startswith("killed") else 1 for fault in FAULTS]
# The emulator keeps deleted things for a while: a fresh one now and then.
SCENARIOS_AN_EMULATOR = 20
FOLDER = Path(".bench") / "campaign-collector"


def main() -> None:
    """Run scenarios and print the figures; exits with 1 if one failed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=1000, help="runs that meet a fault, ten to a scenario")
    parser.add_argument("--seed", type=int, help="one scenario only, of this seed")
    arguments = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    first = random.SystemRandom().randrange(10**9)
    seeds = [arguments.seed] if arguments.seed is not None else [first + n for n in range(arguments.runs // 10)]
    started = time.monotonic()
    total: Counter[str] = Counter()
    failed: list[int] = []
    for start in range(0, len(seeds), SCENARIOS_AN_EMULATOR):
        with running_emulator(FOLDER) as emulator:
            for seed in seeds[start : start + SCENARIOS_AN_EMULATOR]:
                if not survives(seed, emulator.endpoint, total):
                    failed.append(seed)
                    with (FOLDER / "failed-seeds").open("a") as kept:
                        kept.write(f"{seed}\n")
                done = total["scenarios"]
                print(f"\r{done} of {len(seeds)} scenarios, {len(failed)} failed", end="", flush=True)
    print(f"\nin {time.monotonic() - started:.0f} s: " + ", ".join(f"{count} {name}" for name, count in total.items()))
    if failed:
        print(f"FAILED seeds: {', '.join(map(str, failed))}; run one again with --seed")
        sys.exit(1)
    print("every file once, every byte equal, no upload left open")


def survives(seed: int, endpoint: str, total: Counter[str]) -> bool:
    """Run one scenario. Returns whether everything was as it has to be."""
    folder = FOLDER / f"seed-{seed}"
    shutil.rmtree(folder, ignore_errors=True)
    source = SourceProcess(folder.absolute())
    source.start()
    stack = Stack(endpoint)
    source.deploy(stack)
    scenario = Scenario(seed, stack, source)
    faults = random.Random(seed).choices(FAULTS, WEIGHTS, k=FAULTS_A_SCENARIO)  # noqa: S311  # a seed kept to see it again
    try:
        for fault in faults:
            scenario.meet(fault)
            scenario.write_anew(ANEW)
        scenario.settle()
        scenario.check()
    except Exception:  # noqa: BLE001  # told with its seed; the others go on
        print(f"\nseed {seed} failed after {faults}")
        traceback.print_exc()
        return False
    finally:
        source.kill()
        shutil.rmtree(folder, ignore_errors=True)
        for key in stack.objects():
            stack.s3.delete_object(Bucket=stack.bucket, Key=key)
        total.update({"scenarios": 1, "runs": scenario.runs, "killed with -9": scenario.kills, "files": 50})
        total.update(faults)
    return True


if __name__ == "__main__":
    main()
