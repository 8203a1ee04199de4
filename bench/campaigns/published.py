"""Published tables through many random histories. Run by `make campaign NAME=published`.

In each history files land, are merged, replayed and merged again in any order; runs are killed at a write, lose the
catalogue's answer or are overtaken by another run; columns are added, dropped and widened, the key and the order
change. After it the tables have to equal the view over all history files. Each history has a seed, which counts on from
the first; one that failed is kept in .bench/campaign-published/failed-seeds.
"""

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from tests.support.published_histories import differences

FOLDER: Final = Path(__file__).resolve().parents[2] / ".bench" / "campaign-published"


def main() -> None:
    """Run the histories and print the figures; exits with 1 if one failed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--histories", type=int, default=500)
    parser.add_argument("--seed", type=int, help="the first seed; a random one if it is not given")
    arguments = parser.parse_args()
    seed = arguments.seed if arguments.seed is not None else random.SystemRandom().randrange(10**9)
    print(f"{arguments.histories} histories, first seed {seed}", flush=True)
    FOLDER.mkdir(parents=True, exist_ok=True)
    started, failed = time.monotonic(), 0
    for number in range(arguments.histories):
        different = _run(seed + number)
        if different:
            failed += 1
            print(
                "\n".join(different), f"\nDIFFERENT: run it again with --seed {seed + number} --histories 1", flush=True
            )
            with (FOLDER / "failed-seeds").open("a") as kept:
                kept.write(f"{seed + number}\n")
        if number % 25 == 0:
            print(f"{time.monotonic() - started:5.0f} s: {number + 1} histories, {failed} failed", flush=True)
    print(f"{time.monotonic() - started:5.0f} s: {arguments.histories} histories, {failed} failed")
    sys.exit(1 if failed else 0)


def _run(seed: int) -> list[str]:
    """Run a history.

    Returns:
        What differs, or the error that ended it.
    """
    with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
        try:
            return differences(seed, Path(folder))
        except Exception as error:  # noqa: BLE001 - one history must not end the others
            return [f"seed {seed}", f"{type(error).__name__}: {error}"]


if __name__ == "__main__":
    main()
