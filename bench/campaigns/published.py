"""Check published tables in many random histories. Run by `make campaign NAME=published`.

In each history, files land, are merged, replayed and merged again in any order. Runs are killed at a write, lose the
catalogue's answer or are overtaken by another run. Columns are added, dropped and widened; the key and the order
change. Afterwards the tables must equal the view over all history files. Each history has a seed, which counts up from
the first; a seed that failed is written to .bench/campaign-published/failed-seeds.
"""

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Final

from processing.running.engine import Engine
from tests.support.published_histories import differences

ENGINES: Final[Mapping[str, Sequence[Engine]]] = {
    "polars": (Engine.POLARS,),
    "spark": (Engine.SPARK,),
    "mixed": (Engine.POLARS, Engine.SPARK),
}
FOLDER: Final = Path(__file__).resolve().parents[2] / ".bench" / "campaign-published"


def main() -> None:
    """Run the histories and print the figures; exit with 1 if one failed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--histories", type=int, default=500)
    parser.add_argument("--seed", type=int, help="the first seed; a random one if it is not given")
    parser.add_argument("--engine", choices=ENGINES, default="polars", help="what merges; mixed: polars and Spark")
    arguments = parser.parse_args()
    seed = arguments.seed if arguments.seed is not None else random.SystemRandom().randrange(10**9)
    print(f"{arguments.histories} histories, first seed {seed}", flush=True)
    FOLDER.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    with _spark(arguments.engine):
        failed = _run_all(arguments.histories, seed, ENGINES[arguments.engine], started)
    print(f"{time.monotonic() - started:5.0f} s: {arguments.histories} histories, {failed} failed")
    sys.exit(1 if failed else 0)


def _spark(engine: str) -> AbstractContextManager[None]:
    """Run Spark and the emulator while histories run; do nothing for polars alone."""
    if engine == "polars":
        return nullcontext()
    # PySpark and the emulator take seconds to import.
    from tests.support.spark_lake import spark_and_emulator  # noqa: PLC0415

    return spark_and_emulator(FOLDER / "emulator")


def _run_all(histories: int, seed: int, engines: Sequence[Engine], started: float) -> int:
    """Run the histories. Return the number that failed."""
    failed = 0
    for number in range(histories):
        different = _run(seed + number, engines)
        if different:
            failed += 1
            print(
                "\n".join(different), f"\nDIFFERENT: run it again with --seed {seed + number} --histories 1", flush=True
            )
            with (FOLDER / "failed-seeds").open("a") as kept:
                kept.write(f"{seed + number}\n")
        if number % 25 == 0:
            print(f"{time.monotonic() - started:5.0f} s: {number + 1} histories, {failed} failed", flush=True)
    return failed


def _run(seed: int, engines: Sequence[Engine]) -> list[str]:
    """Run a history.

    Returns:
        The differences, or the error that ended the history.
    """
    with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
        try:
            if Engine.SPARK not in engines:
                return differences(seed, Path(folder))
            from tests.support.spark_lake import spark_differences  # noqa: PLC0415

            return spark_differences(seed, Path(folder), engines)
        except Exception as error:  # noqa: BLE001 - one history must not end the others
            return [f"seed {seed}", f"{type(error).__name__}: {error}"]


if __name__ == "__main__":
    main()
