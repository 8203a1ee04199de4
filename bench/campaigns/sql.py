"""Check the SQL extraction in many histories of one table. Run by `make campaign NAME=sql`.

Each history has inserts and updates with ties, late rows and missing watermarks, and for a snapshot table also
deletions. Runs between them fail, die or are overtaken. The table is emptied, starts again, is restored from a copy, or
gets other types or another name. In these cases, and only in these, the run must stop until it gets the option that its
message names. After the last run the extracted rows, latest by key, must equal the table. The watermarks are datetime2
with and without a lag, datetime, date and int. hypothesis generates the histories and shortens one that fails. Each 25
have a seed, which counts up from the first; a seed that failed is written to .bench/campaign-sql/failed-seeds.
"""

import argparse
import os
import random
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".bench" / "campaign-sql"
IN_A_SHARE = 25
TEST = "tests/emulator/extract_from_sql/test_histories.py"


def main() -> None:
    """Run the histories and print the figures; exit with 1 if one failed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--histories", type=int, default=500)
    parser.add_argument("--seed", type=int, help="the histories of this seed once more")
    parser.add_argument("--processes", type=int, default=2, help="each with a server of its own")
    arguments = parser.parse_args()
    seed = arguments.seed if arguments.seed is not None else random.SystemRandom().randrange(10**9)
    print(f"{arguments.histories} histories, first seed {seed}", flush=True)
    started = time.monotonic()
    sizes = [min(IN_A_SHARE, arguments.histories - done) for done in range(0, arguments.histories, IN_A_SHARE)]
    held, failed = 0, list[int]()
    with ThreadPoolExecutor(arguments.processes) as threads:
        shares = [threads.submit(_run, seed + number, size) for number, size in enumerate(sizes)]
        for share in as_completed(shares):
            of_share, size, problem = share.result()
            held += 0 if problem else size
            print(
                f"{time.monotonic() - started:5.0f} s: {held} histories held, the last of seed {of_share}", flush=True
            )
            if problem:
                failed.append(of_share)
                print(f"{problem}\nFAILED: run it again with --seed {of_share} --histories {size}", flush=True)
    if failed:
        FOLDER.mkdir(parents=True, exist_ok=True)
        with (FOLDER / "failed-seeds").open("a") as kept:
            kept.writelines(f"{of_share}\n" for of_share in failed)
        sys.exit(1)
    print("what was extracted, latest by key, is the table after every one of them")


def _run(seed: int, histories: int) -> tuple[int, int, str]:
    """Run some histories. Return their seed, their number and the output if one failed."""
    command = [sys.executable, "-m", "pytest", TEST, "-q", "-s", f"--hypothesis-seed={seed}", "-p", "no:cacheprovider"]
    environment = {**os.environ, "SQL_HISTORIES": str(histories), "SQL_SEEDED": "yes"}
    process = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    return seed, histories, process.stdout[-6000:] if process.returncode else ""


if __name__ == "__main__":
    main()
