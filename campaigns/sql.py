"""The SQL extraction through many histories of one table. Run by `make campaign NAME=sql`.

Each history is inserts and updates with ties, late rows and missing watermarks, and of a snapshot table deletions,
between runs of which some fail, die or are overtaken; after the last run the rows that were extracted, latest by key,
have to be the table. The watermarks are datetime2, with a lag and without, datetime, date and int. hypothesis makes the
histories and shortens one that fails. The seed is printed; one that failed is kept in .bench/campaign-sql/failed-seeds.
"""

import argparse
import os
import random
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".bench" / "campaign-sql"
TEST = "tests/emulator/test_extract_histories.py"


def main() -> None:
    """Run the histories and print the figures; exits with 1 if one failed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--histories", type=int, default=500)
    parser.add_argument("--seed", type=int, help="the histories of this seed once more")
    arguments = parser.parse_args()
    seed = arguments.seed if arguments.seed is not None else random.SystemRandom().randrange(10**9)
    print(f"{arguments.histories} histories, seed {seed}", flush=True)
    started = time.monotonic()
    command = [sys.executable, "-m", "pytest", TEST, "-q", "-s", f"--hypothesis-seed={seed}", "-p", "no:cacheprovider"]
    environment = {**os.environ, "SQL_HISTORIES": str(arguments.histories), "SQL_SEEDED": "yes"}
    process = subprocess.run(  # noqa: S603 - our own test
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    print(f"in {time.monotonic() - started:.0f} s")
    if process.returncode:
        FOLDER.mkdir(parents=True, exist_ok=True)
        with (FOLDER / "failed-seeds").open("a") as kept:
            kept.write(f"{seed}\n")
        print(f"{process.stdout[-6000:]}\nFAILED: run it again with --seed {seed}")
        sys.exit(1)
    print(next(line for line in process.stdout.splitlines() if "histories," in line))
    print("what was extracted, latest by key, is the table after every one of them")


if __name__ == "__main__":
    main()
