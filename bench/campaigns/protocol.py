"""Check the protocol of publishing in many random histories. Run by `make campaign NAME=protocol`.

The real code of runs, index and lease uses a lake, an index and tables that are Python values. Runs and recorders
interleave at each access, are killed, wait for leases that expire early, and read late and repeated events. After a
last run the tables must equal the history files. Each history has a seed, which counts up from the first; a seed that
failed is written to .bench/campaign-protocol/failed-seeds.
"""

import argparse
import random
import sys
import time
from pathlib import Path
from typing import Final

from tests.support.published_model.history import PendingRecords, Publications, model_differences, modelled

SHOWN: Final = 10
"""Number of failed histories that are printed in full."""
FOLDER: Final = Path(__file__).resolve().parents[2] / ".bench" / "campaign-protocol"


def main() -> None:
    """Run the histories and print the figures; exit with 1 if one failed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--histories", type=int, default=100_000)
    parser.add_argument("--seed", type=int, help="the first seed; a random one if it is not given")
    parser.add_argument("--pending-records", action="store_true", help="the design that loses rows, to see it fail")
    arguments = parser.parse_args()
    seed = arguments.seed if arguments.seed is not None else random.SystemRandom().randrange(10**9)
    records = PendingRecords if arguments.pending_records else Publications
    print(f"{arguments.histories} histories, first seed {seed}", flush=True)
    FOLDER.mkdir(parents=True, exist_ok=True)
    started, failed = time.monotonic(), 0
    with modelled():
        for number in range(arguments.histories):
            different = model_differences(seed + number, records)
            if different:
                failed += 1
                shown = different if failed <= SHOWN else different[:1]
                print("\n".join(shown), f"\nDIFFERENT: --seed {seed + number} --histories 1", flush=True)
                with (FOLDER / "failed-seeds").open("a") as kept:
                    kept.write(f"{seed + number}\n")
            if number % 5000 == 0:
                print(f"{time.monotonic() - started:5.0f} s: {number + 1} histories, {failed} failed", flush=True)
    print(f"{time.monotonic() - started:5.0f} s: {arguments.histories} histories, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
