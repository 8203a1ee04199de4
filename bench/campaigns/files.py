"""Compare the readers with independent readers on random files and texts. Run by `make campaign NAME=files`.

Compares damaged archives, NDJSON and parquet with gzip, zipfile, json and pyarrow; CSV with a state machine of RFC
4180; texts of each type with Python's int, Decimal and fromisoformat; and column names with the way they were made.
Each 500 cases have a seed, which counts up from the first. A seed with a difference is written to
.bench/campaign-files/failed-seeds.
"""

import argparse
import random
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from tests.support.fuzz import column_names, csv_records, damaged_files, typed_texts

FOLDER: Final = Path(__file__).resolve().parents[2] / ".bench" / "campaign-files"
IN_A_SHARE: Final = 500
SHOWN: Final = 5
KINDS: Final[Mapping[str, Callable[[random.Random, int], list[str]]]] = {
    "damaged files": damaged_files.differences,
    "CSV records": csv_records.differences,
    "column names": column_names.differences,
    "typed texts": typed_texts.differences,
}


def main() -> None:
    """Run the cases and print the figures; exit with 1 if a case is read differently."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--cases", type=int, default=20_000, help="of each kind")
    parser.add_argument("--seed", type=int, help="the first seed; a random one if it is not given")
    arguments = parser.parse_args()
    seed = arguments.seed if arguments.seed is not None else random.SystemRandom().randrange(10**9)
    print(f"{arguments.cases:,} cases of each kind, first seed {seed}", flush=True)
    different = sum(_run(kind, arguments.cases, seed) for kind in KINDS)
    print(f"{different} differences")
    sys.exit(1 if different else 0)


def _run(kind: str, cases: int, seed: int) -> int:
    """Run the cases of one kind, in shares.

    Returns:
        The number of cases that are read differently.
    """
    started, different = time.monotonic(), 0
    for share, done in enumerate(range(0, cases, IN_A_SHARE)):
        found = KINDS[kind](random.Random(seed + share), min(IN_A_SHARE, cases - done))  # noqa: S311 - repeatable
        if found:
            different += len(found)
            _keep(kind, seed + share, found)
        if share % 5 == 0:
            print(f"{time.monotonic() - started:5.0f} s: {kind}: {done + IN_A_SHARE:,} cases", flush=True)
    print(f"{time.monotonic() - started:5.0f} s: {kind}: {cases:,} cases, {different} differences", flush=True)
    return different


def _keep(kind: str, seed: int, found: list[str]) -> None:
    print("\n".join(found[:SHOWN]), f"\nDIFFERENT: run it again with --seed {seed} --cases {IN_A_SHARE}", flush=True)
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / "failed-seeds").open("a") as kept:
        kept.write(f"{kind} {seed}\n")


if __name__ == "__main__":
    main()
